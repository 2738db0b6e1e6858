package io.holdfast.spi;

import io.holdfast.Guarantees;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A store that can remember which claim has a lock.
 *
 * <p>A backend answers and never waits, retries, backs off, renews by itself, counts holds or logs.
 * No method blocks; a stage completes on any thread, also before the method returns. A failure to
 * get an answer is a {@link io.holdfast.BackendException} in the stage and never an answer; a store
 * that refuses for good is a {@link io.holdfast.StoreRefusedException}. A stage may stay open for
 * ever: the engine stops waiting for it after the request timeout, and heeds an answer that comes
 * later.
 *
 * <p>Every question may be repeated, because an answer can be lost. After a claim's grant was
 * accepted, given up or lost the engine never asks for it again. Renewals and releases never queue
 * behind asks.
 *
 * <p>Thread-safe. What else is expected is in {@code LockBackendContract} of the testkit, one
 * sentence per test.
 */
public interface LockBackend extends AutoCloseable {

  /**
   * May the claim have the lock now? One atomic step: look, mint the token, take it. A repeated
   * question about a granted claim is answered with the same token, and either moves the expiry or
   * answers what remains; a greater token says that the store had forgotten the grant.
   */
  CompletionStage<Attempt> ask(Ask ask);

  /** Prolongs the grant of a claim. Never creates one. */
  CompletionStage<Renewal> renew(Claim claim, Duration leaseFor);

  /**
   * Ends the grant of a claim if it is the claim's, and gives up its place in the line.
   *
   * @param claim the claim
   * @param lastTokenUsed the last token of the grant's span that a holder saw; 0 if none did
   * @param keepFor for how long from now the lock stays taken all the same; zero: not at all
   */
  CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor);

  /**
   * Runs {@code mayBeFree} when the claim's lock may have become free, and whenever a hint may have
   * been missed, as when listening begins. Only a hint: losing one costs time, never safety.
   */
  default Watch watch(Claim claim, Runnable mayBeFree) {
    return Watch.NONE;
  }

  /** What this store promises; the same for as long as the backend lives. */
  Guarantees guarantees();

  /** Ends connections and threads of this backend, and waits for neither answers nor releases. */
  @Override
  void close();
}
