package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.simulation.Network.Direction;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The way from one process to the simulated store and back: what becomes of questions, answers and
 * hints. Used by one thread.
 */
final class Way {

  /** What decides whether a store answers. */
  interface Gate {
    /** The store, as soon as it answers: now, or when its silence is over; never if it is lost. */
    void whenStoreAnswers(Runnable question);
  }

  private record Watching(Claim claim, Runnable mayBeFree) {}

  private static final Duration SOON = Duration.ofNanos(100_000);

  private final SimulatedProcess process;
  private final Network network;
  private final Dice dice;
  private final Gate gate;
  private final double fails;
  private final Map<Object, Watching> watches = new LinkedHashMap<>();
  private boolean healed;

  /**
   * A way.
   *
   * @param fails how likely a question fails at once, whether or not it left
   */
  Way(SimulatedProcess process, Network network, Dice dice, Gate gate, double fails) {
    this.process = process;
    this.network = network;
    this.dice = dice;
    this.gate = gate;
    this.fails = fails;
  }

  SimulatedProcess process() {
    return process;
  }

  /** From here on no question fails. */
  void heal() {
    healed = true;
  }

  /** Puts a question, which is one atomic step at the store when it arrives. */
  <A> CompletionStage<A> put(Supplier<A> question) {
    return putSlow(() -> CompletableFuture.completedFuture(question.get()));
  }

  /** Puts a question that the store answers when it can. */
  <A> CompletionStage<A> putSlow(Supplier<CompletionStage<A>> question) {
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
        () -> gate.whenStoreAnswers(() -> answer(answer, question)));
    return answer;
  }

  private static void fail(CompletableFuture<?> answer) {
    answer.completeExceptionally(new BackendException("The connection was reset"));
  }

  private <A> void answer(CompletableFuture<A> answer, Supplier<CompletionStage<A>> question) {
    try {
      var unused =
          question
              .get()
              .whenComplete(
                  (said, failure) -> {
                    if (failure == null) {
                      reply(() -> answer.complete(said));
                    } else {
                      reply(() -> answer.completeExceptionally(failure));
                    }
                  });
    } catch (LockException refused) {
      reply(() -> answer.completeExceptionally(refused));
    }
  }

  private void reply(Runnable arrival) {
    network.send(process.name(), Direction.FROM_STORE, () -> process.runs(arrival));
  }

  /** Hints for a claim, until it is closed. */
  Watch watch(Claim claim, Runnable mayBeFree) {
    Object key = new Object();
    watches.put(key, new Watching(claim, mayBeFree));
    return () -> watches.remove(key);
  }

  /** A hint is on its way to whoever listens for a lock in this process. */
  void mayBeFree(LockName name) {
    hint(watching -> watching.claim().name().equals(name));
  }

  /** A hint is on its way to one claim, if this process listens for it. */
  void mayBeNext(String claim) {
    hint(watching -> watching.claim().id().equals(claim));
  }

  private void hint(Predicate<Watching> isMeant) {
    if (watches.values().stream().anyMatch(isMeant)) {
      reply(() -> hear(isMeant));
    }
  }

  private void hear(Predicate<Watching> isMeant) {
    List<Watching> now = new ArrayList<>(watches.values());
    for (Watching watching : now) {
      if (isMeant.test(watching)) {
        watching.mayBeFree().run();
      }
    }
  }

  /** How many listen: what an engine at rest has none of. */
  int watches() {
    return watches.size();
  }
}
