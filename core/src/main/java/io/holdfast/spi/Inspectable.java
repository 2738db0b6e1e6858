package io.holdfast.spi;

import io.holdfast.Inspection;
import io.holdfast.LockName;
import java.util.concurrent.CompletionStage;

/** A backend that can tell who has a lock. */
public interface Inspectable {
  /**
   * Who has it, with label and first token of the grant; changes nothing, and never answers a
   * claim's id.
   */
  CompletionStage<Inspection> inspect(LockName name);
}
