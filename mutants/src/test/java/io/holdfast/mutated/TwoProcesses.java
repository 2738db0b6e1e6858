package io.holdfast.mutated;

import static org.awaitility.Awaitility.await;

import io.holdfast.spi.Attempt;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Renewal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/** Two processes of one store, and what is wrong with what they hear. Used by one thread. */
abstract class TwoProcesses implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 30;

  final LockBackend one;
  final LockBackend other;
  final List<String> wrong = new ArrayList<>();

  TwoProcesses(LockBackend one, LockBackend other) {
    this.one = one;
    this.other = other;
  }

  static <A> A heard(CompletionStage<A> answer) throws Exception {
    return answer.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  static String word(Attempt attempt) {
    return attempt instanceof Attempt.Granted ? "granted" : "refused";
  }

  static String word(Renewal renewal) {
    return renewal instanceof Renewal.Renewed ? "renewed" : "gone";
  }

  /** The token of a grant; 0 if it is none, which is wrong. */
  final long token(String what, Attempt attempt) {
    expect(what, "granted", word(attempt));
    return attempt instanceof Attempt.Granted granted ? granted.firstToken() : 0;
  }

  final void expect(String what, Object expected, Object found) {
    if (!expected.equals(found)) {
      wrong.add("%s: %s instead of %s".formatted(what, found, expected));
    }
  }

  /** Whether it comes true while one may wait. */
  static boolean until(Callable<Boolean> condition) {
    try {
      await().atMost(PATIENCE_SECONDS, TimeUnit.SECONDS).until(condition);
      return true;
    } catch (ConditionTimeoutException never) {
      return false;
    }
  }

  @Override
  public void close() {
    one.close();
    other.close();
  }
}
