package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.simulation.Network.Direction;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.history.Event.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The way from one process to the simulated store and back. Questions and answers travel each for
 * themselves, over no connection that would keep them in order: more may go wrong than with a real
 * backend. Used by one thread.
 */
final class SimulatedBackend implements LockBackend {

  /** What the backend needs of its world. */
  interface Wiring {
    /** The store, as soon as it answers: now, or when its silence is over; never if it is lost. */
    void whenStoreAnswers(Runnable question);

    void sent(SimulatedProcess by, Claim claim, Message message);

    /** A process has heard an answer, which may have changed what its holders may rely on. */
    void answered(SimulatedProcess by, Claim claim, Message message);
  }

  private record Watching(LockName name, Runnable mayBeFree) {}

  private static final Duration SOON = Duration.ofNanos(100_000);

  private final SimulatedProcess process;
  private final SimulatedStore store;
  private final Network network;
  private final Dice dice;
  private final Wiring wiring;
  private final Guarantees guarantees;
  private final double fails;
  private final Map<Object, Watching> watches = new LinkedHashMap<>();
  private boolean healed;

  SimulatedBackend(
      SimulatedProcess process,
      SimulatedStore store,
      Network network,
      Dice dice,
      Wiring wiring,
      Guarantees guarantees,
      double fails) {
    this.process = process;
    this.store = store;
    this.network = network;
    this.dice = dice;
    this.wiring = wiring;
    this.guarantees = guarantees;
    this.fails = fails;
  }

  /** From here on no question fails. */
  void heal() {
    healed = true;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    return question(ask.claim(), Message.ASK, () -> store.ask(process.name(), ask));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    return question(claim, Message.RENEW, () -> store.renew(process.name(), claim, leaseFor));
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    return question(
        claim, Message.RELEASE, () -> store.release(process.name(), claim, lastTokenUsed, keepFor));
  }

  private <A> CompletionStage<A> question(Claim claim, Message message, Supplier<A> question) {
    wiring.sent(process, claim, message);
    CompletableFuture<A> answer = new CompletableFuture<>();
    boolean failsAtOnce = !healed && dice.chance(fails);
    if (failsAtOnce) {
      process.after(SOON, () -> fail(answer));
      if (dice.chance(0.5)) {
        return answer; // it never left; otherwise it did, and only its sender does not know
      }
    }
    network.send(
        process.name(),
        Direction.TO_STORE,
        () -> wiring.whenStoreAnswers(() -> answer(claim, message, answer, question)));
    return answer;
  }

  private static void fail(CompletableFuture<?> answer) {
    answer.completeExceptionally(new BackendException("The connection was reset"));
  }

  private <A> void answer(
      Claim claim, Message message, CompletableFuture<A> answer, Supplier<A> question) {
    try {
      A said = question.get();
      reply(
          () -> {
            answer.complete(said);
            wiring.answered(process, claim, message);
          });
    } catch (LockException refused) {
      reply(() -> answer.completeExceptionally(refused));
    }
  }

  private void reply(Runnable arrival) {
    network.send(process.name(), Direction.FROM_STORE, () -> process.runs(arrival));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    Object key = new Object();
    watches.put(key, new Watching(claim.name(), mayBeFree));
    return () -> watches.remove(key);
  }

  /** A hint is on its way to whoever listens in this process. */
  void mayBeFree(LockName name) {
    if (watches.values().stream().anyMatch(watching -> watching.name().equals(name))) {
      reply(() -> hear(name));
    }
  }

  private void hear(LockName name) {
    List<Watching> now = new ArrayList<>(watches.values());
    for (Watching watching : now) {
      if (watching.name().equals(name)) {
        watching.mayBeFree().run();
      }
    }
  }

  /** How many listen: what an engine at rest has none of. */
  int watches() {
    return watches.size();
  }

  @Override
  public Guarantees guarantees() {
    return guarantees;
  }

  @Override
  public void close() {}
}
