package io.holdfast.cmdb.ingest;

import io.holdfast.BackendException;
import io.holdfast.guard.SqlFailure;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * What may pass is tried again, with pauses that grow to a second, with full jitter: a database or
 * a store that is away, restarts, or is too busy. What waiting does not change is an {@link
 * IngestException}. Thread-safe.
 */
public final class Patience {

  private static final long FIRST_PAUSE_MILLIS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /**
   * Refusals that pass although {@link SqlFailure} would have a single write reported: a standby
   * that is being made the primary, memory for locks, a configured limit.
   */
  private static final Set<String> PASSING = Set.of("23505", "25006", "53200", "53400");

  private Patience() {}

  /** A question that may be asked again. */
  @FunctionalInterface
  public interface Question<T> {
    /** Asks it. */
    T ask() throws SQLException, InterruptedException;
  }

  /**
   * Asks until there is an answer.
   *
   * @throws IngestException if waiting does not help
   */
  public static <T> T ask(Question<T> question) throws IngestException, InterruptedException {
    return ask(question, () -> false, () -> {});
  }

  static <T> T ask(Question<T> question, BooleanSupplier givenUp, Runnable again)
      throws IngestException, InterruptedException {
    for (int attempt = 0; ; attempt++) {
      try {
        return question.ask();
      } catch (SQLException e) {
        mustPass(e);
      } catch (BackendException e) {
        // No answer from the lock store: the same question again.
      }
      if (givenUp.getAsBoolean()) {
        throw new InterruptedException("given up");
      }
      again.run();
      pause(attempt);
    }
  }

  /** Returns if trying again may help. */
  static void mustPass(SQLException e) throws IngestException {
    boolean passes =
        SqlFailure.of(e) != SqlFailure.STOP
            || e instanceof SQLTransientException
            || PASSING.contains(Optional.ofNullable(e.getSQLState()).orElse(""));
    if (!passes) {
      throw new IngestException("the database refuses: " + text(e), e);
    }
  }

  static void pause(int attempt) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis(attempt));
  }

  static long millis(int attempt) {
    long most = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempt, 10));
    return ThreadLocalRandom.current().nextLong(most + 1);
  }

  static String text(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
