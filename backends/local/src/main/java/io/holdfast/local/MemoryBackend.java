package io.holdfast.local;

import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Locks in a {@link MemoryStore}; every question is answered before its method returns.
 * Thread-safe.
 */
public final class MemoryBackend implements LockBackend, Inspectable {

  private static final Guarantees GUARANTEES =
      new Guarantees(
          "the memory of one JVM",
          false,
          Guarantees.TokenSource.STORE_CLOCK,
          true,
          false,
          true,
          Duration.ZERO,
          true,
          Optional.empty(),
          true);

  private final MemoryStore store;

  /** Locks in a store, which other backends may share. */
  public MemoryBackend(MemoryStore store) {
    this.store = store;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    return answer(() -> store.ask(ask));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    return answer(() -> store.renew(claim, leaseFor));
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    return answer(() -> store.release(claim, lastTokenUsed, keepFor));
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return answer(() -> store.inspect(name));
  }

  private static <A> CompletionStage<A> answer(Supplier<A> question) {
    try {
      return CompletableFuture.completedFuture(question.get());
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return store.watch(claim.name(), mayBeFree);
  }

  @Override
  public Guarantees guarantees() {
    return GUARANTEES;
  }

  /** Nothing to end: the store belongs to the JVM. */
  @Override
  public void close() {}
}
