package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.jspecify.annotations.Nullable;

/**
 * How much is tried. Lincheck chooses scenarios and the orders of their steps by seeds of its own,
 * which are the same in every run; in stress tests the machine chooses the orders.
 */
final class Interleavings {

  /** Ten times as much with {@code -Dinterleavings=many}. */
  private static final int FACTOR = "many".equals(System.getProperty("interleavings")) ? 10 : 1;

  /** Kept, or its level would be forgotten with it. */
  private static final Logger LOG = Logger.getLogger("io.holdfast");

  static {
    LOG.setLevel(Level.OFF); // each loss would be a line
  }

  private Interleavings() {}

  /**
   * One scenario, written as code that throws when something is wrong. What its threads share is
   * made in its own code and never by a constructor reference: Lincheck does not see such an object
   * come into being, takes it for one thread's own, and tries no orders of what is done to it.
   */
  static void explore(String what, int orders, Runnable scenario) {
    say(what, 1, orders * FACTOR);
    scenario.run(); // initializers of classes take locks that Lincheck does not see
    Lincheck.runConcurrentTest(orders * FACTOR, scenario);
  }

  /** Scenarios of two threads and three calls each, generated from operations. */
  static ModelCheckingOptions generated(String what, int scenarios, int orders) {
    say(what, scenarios * FACTOR, orders);
    return new ModelCheckingOptions()
        .iterations(scenarios * FACTOR)
        .invocationsPerIteration(orders)
        .threads(2)
        .actorsPerThread(3)
        .actorsBefore(0)
        .actorsAfter(1);
  }

  /** Two calls of an engine at the same moment. */
  static void duel(String what, int orders, Class<? extends Duel> duel) {
    say(what, 1, orders * FACTOR);
    onAnEngine(new ModelCheckingOptions())
        .iterations(1)
        .invocationsPerIteration(orders * FACTOR)
        .threads(2)
        .actorsPerThread(1)
        .actorsBefore(0)
        .actorsAfter(0)
        .check(duel);
  }

  /**
   * Leaves out the steps inside of what surrounds the engine, and has what operations answer judged
   * by the test class alone.
   */
  static ModelCheckingOptions onAnEngine(ModelCheckingOptions options) {
    return options
        .minimizeFailedScenario(false)
        .verifier(EpsilonVerifier.class)
        .addGuarantee(nothingIn("io.holdfast.engine.Announcer", "announce", "warn"))
        .addGuarantee(nothingIn("io.holdfast.engine.Backoff", "next", "notBefore"))
        .addGuarantee(nothingIn("io.holdfast.engine.HostLabel", "of"))
        .addGuarantee(nothingIn("io.holdfast.spi.Claim", "on", "equals"))
        .addGuarantee(atomic("io.holdfast.local.MemoryStore", "ask", "renew", "end", "delete"))
        .addGuarantee(
            atomic("io.holdfast.testkit.UnreliableBackend", "ask", "renew", "release", "sent"))
        .addGuarantee(
            atomic("io.holdfast.testkit.ManualTime", "nanoTime", "schedule", "cancel", "next"));
  }

  /** Methods that share nothing which the engine decides by. */
  private static ManagedStrategyGuarantee nothingIn(String type, String... methods) {
    return forClasses(type).methods(methods).ignore();
  }

  /** No method that runs an event of the engine, or that event would be one step. */
  private static ManagedStrategyGuarantee atomic(String type, String... methods) {
    return forClasses(type).methods(methods).treatAsAtomic();
  }

  /** Scenarios whose threads really run at the same time, as on this machine and its memory. */
  static StressOptions stressed(String what, int scenarios, int runs) {
    say(what, scenarios * FACTOR, runs);
    return new StressOptions()
        .iterations(scenarios * FACTOR)
        .invocationsPerIteration(runs)
        .threads(2)
        .actorsPerThread(4)
        .actorsBefore(0)
        .actorsAfter(0);
  }

  private static void say(String what, int scenarios, int orders) {
    System.out.printf("interleavings: %s: %d x up to %,d%n", what, scenarios, orders);
  }

  /** That a broken twin is caught, and for a reason that is the twin's. */
  static void caught(String reason, ThrowingCallable check) {
    assertThatThrownBy(check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(reason)
        .hasMessageNotContaining("bug in Lincheck");
  }

  /** Threads that run at once; returns when all are done, and throws what one of them threw. */
  static void together(Runnable... parts) {
    Part[] run = new Part[parts.length];
    Thread[] threads = new Thread[parts.length];
    for (int i = 0; i < parts.length; i++) {
      run[i] = new Part(parts[i]);
      threads[i] = new Thread(run[i]);
    }
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError("Nobody interrupts this", e);
      }
    }
    for (Part part : run) {
      part.check();
    }
  }

  private static final class Part implements Runnable {
    private final Runnable code;
    private @Nullable Throwable thrown;

    private Part(Runnable code) {
      this.code = code;
    }

    @Override
    public void run() {
      try {
        code.run();
      } catch (RuntimeException | Error e) {
        thrown = e;
      }
    }

    private void check() {
      if (thrown != null) {
        throw new AssertionError(thrown.toString(), thrown);
      }
    }
  }

  /** Cheap, because Lincheck follows every step of what the scenario calls. */
  static void must(boolean holds, String text) {
    if (!holds) {
      throw new AssertionError(text);
    }
  }
}
