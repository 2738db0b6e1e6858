package io.holdfast.spi;

import io.holdfast.Finding;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Connects to a kind of store. Found by {@link java.util.ServiceLoader}. */
public interface BackendProvider {

  /** The URL schemes that it knows, in lower case: the part before the first colon. */
  Set<String> schemes();

  /**
   * Connects, and waits for it.
   *
   * @throws IllegalArgumentException if the URL is malformed; the message repeats no secret
   * @throws io.holdfast.BackendException if the store does not answer within the request timeout
   * @throws io.holdfast.StoreRefusedException if the store answers and refuses
   */
  LockBackend connect(String url, StoreContext context);

  /**
   * Looks at what is particular to this kind of store: versions, settings, rights, clocks. What it
   * calls {@link Finding.Level#REFUSED} is what {@link #connect} refuses, in the same words. Waits
   * for the store; may connect and ask, changes nothing that lasts, and closes what it opened.
   *
   * @return what was found, also if the store refuses or does not answer; no secret in it
   * @throws IllegalArgumentException if the URL is malformed; the message repeats no secret
   */
  default List<Finding> examine(String url, StoreContext context) {
    return List.of();
  }

  /**
   * A script for the store's own tools that creates what has to be there before connecting; empty
   * if nothing has to. Asks no store.
   *
   * @throws IllegalArgumentException if the URL is malformed; the message repeats no secret
   */
  default Optional<String> schema(String url) {
    return Optional.empty();
  }
}
