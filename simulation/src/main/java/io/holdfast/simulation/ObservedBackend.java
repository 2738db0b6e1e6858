package io.holdfast.simulation;

import io.holdfast.Guarantees;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.history.Event.Message;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A process's backend, with what the engine asks of it seen by the world. Used by one thread. */
final class ObservedBackend implements LockBackend {

  /** Who sees it. */
  interface Observer {
    void sent(SimulatedProcess by, Claim claim, Message message);

    /** A process has heard an answer, which may have changed what its holders may rely on. */
    void answered(SimulatedProcess by, Claim claim, Message message);
  }

  private final LockBackend backend;
  private final SimulatedProcess process;
  private final Observer observer;

  ObservedBackend(LockBackend backend, SimulatedProcess process, Observer observer) {
    this.backend = backend;
    this.process = process;
    this.observer = observer;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    observer.sent(process, ask.claim(), Message.ASK);
    return observed(ask.claim(), Message.ASK, backend.ask(ask));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    observer.sent(process, claim, Message.RENEW);
    return observed(claim, Message.RENEW, backend.renew(claim, leaseFor));
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    observer.sent(process, claim, Message.RELEASE);
    return observed(claim, Message.RELEASE, backend.release(claim, lastTokenUsed, keepFor));
  }

  /** The engine hears first, though the answer may be there before it listens; then the world. */
  private <A> CompletionStage<A> observed(Claim claim, Message message, CompletionStage<A> stage) {
    CompletableFuture<A> told = new CompletableFuture<>();
    var unused =
        stage.whenComplete(
            (answer, failure) -> {
              if (failure == null) {
                told.complete(answer);
                process.after(Duration.ZERO, () -> observer.answered(process, claim, message));
              } else {
                told.completeExceptionally(failure);
              }
            });
    return told;
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return backend.watch(claim, mayBeFree);
  }

  @Override
  public Guarantees guarantees() {
    return backend.guarantees();
  }

  @Override
  public void close() {
    backend.close();
  }
}
