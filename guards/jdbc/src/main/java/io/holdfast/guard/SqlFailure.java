package io.holdfast.guard;

import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link SQLException} means for a guarded write, by its SQLSTATE. None of them means that
 * the write succeeded. Of several reasons in one exception (a batch, a cause) the most careful
 * decides: {@link #OUTCOME_UNKNOWN}, then {@link #AGAIN}, then {@link #STOP}.
 */
public enum SqlFailure {

  /**
   * The database undid the transaction because of others, and nothing was written: 40001 and 40P01
   * (what REPEATABLE READ and SERIALIZABLE answer where READ COMMITTED reports a conflict; a
   * deadlock), 55P03 (another transaction holds the row), 25P03 and 25P04 (this transaction lasted
   * too long), 53300, 57P03 and 57P05 (no connection now, or no longer). Decide: roll back, and if
   * the lease is still held, read, merge and write again, after a pause and with an end to the
   * attempts.
   */
  AGAIN,

  /**
   * No answer: 08 (the connection broke), 40003, 57P01 and 57P02 (the server is shut down or
   * crashed). If commit, or a statement with autocommit, had been sent, its effect may be there or
   * not, or may still come about: decide by reading, on a new connection, whether it is there,
   * before writing it again. If neither had been sent, nothing was written, and this is as {@link
   * #AGAIN}.
   */
  OUTCOME_UNKNOWN,

  /** Everything else: nothing says that trying again would help. Decide: roll back and report. */
  STOP;

  /** Looks through the exception, its next exceptions and the causes of all of them. */
  public static SqlFailure of(SQLException failure) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Throwable> toSee = new ArrayDeque<>();
    toSee.add(failure);
    SqlFailure worst = STOP;
    while (!toSee.isEmpty()) {
      Throwable throwable = toSee.remove();
      if (!seen.add(throwable)) {
        continue;
      }
      if (throwable instanceof SQLException e) {
        SqlFailure one = ofState(e.getSQLState());
        if (one == OUTCOME_UNKNOWN || worst == STOP) {
          worst = one;
        }
        if (e.getNextException() != null) {
          toSee.add(e.getNextException());
        }
      }
      if (throwable.getCause() != null) {
        toSee.add(throwable.getCause());
      }
    }
    return worst;
  }

  private static SqlFailure ofState(@Nullable String state) {
    if (state == null) {
      return STOP;
    }
    if (state.startsWith("08")) {
      return OUTCOME_UNKNOWN;
    }
    return switch (state) {
      case "40003", "57P01", "57P02" -> OUTCOME_UNKNOWN;
      case "40001", "40P01", "55P03", "25P03", "25P04", "53300", "57P03", "57P05" -> AGAIN;
      default -> STOP;
    };
  }
}
