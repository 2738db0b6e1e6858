package io.holdfast.spi;

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
}
