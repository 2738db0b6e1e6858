package io.holdfast.guard;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * What an {@link SQLException} means for a guarded write, by its SQLSTATE and, where that does not
 * tell, the database's own code. None of them means that the write succeeded. Of several reasons in
 * one exception (a batch, a cause) the most careful decides: {@link #OUTCOME_UNKNOWN}, then {@link
 * #AGAIN}, then {@link #STOP}.
 */
public enum SqlFailure {

  /**
   * The database undid the statement or the transaction because of others. Decide: roll back, which
   * undoes what was left of it, and if the lease is still held, read, merge and write again, after
   * a pause and with an end to the attempts. It is
   *
   * <ul>
   *   <li>40001 everywhere: what levels of isolation above READ COMMITTED answer where that one
   *       reports a conflict; a deadlock (MySQL's and MariaDB's 1213, SQL Server's 1205)
   *   <li>PostgreSQL: 40P01 (deadlock), 55P03 (another transaction holds the row), 25P03 and 25P04
   *       (this transaction lasted too long), 57014 ({@code statement_timeout}, or somebody
   *       cancelled the statement), 53300, 57P03 and 57P05 (no connection now, or no longer)
   *   <li>{@link GuardTrigger}: LK002 (the record changed since it was read)
   *   <li>MySQL, MariaDB: 1205 and 3572 (another transaction holds the row; 1205 has undone only
   *       the statement, and what was written before it would be committed without it: so roll
   *       back), 1020 (the row changed since the snapshot), 3024 ({@code max_execution_time})
   *   <li>SQL Server: 1222 (another transaction holds the row), 3960 (the row changed since the
   *       snapshot)
   *   <li>H2: 90131 (the same)
   *   <li>{@link SQLTimeoutException}, as drivers call a wait that met a limit
   * </ul>
   */
  AGAIN,

  /**
   * No answer: 08 (the connection broke), 40003, 57P01 and 57P02 (PostgreSQL is shut down or
   * crashed), 1927 of MariaDB (the connection was killed), 90067, 90098 and 90121 of H2 (the
   * database was closed). If commit, or a statement with autocommit, had been sent, its effect may
   * be there or not, or may still come about: decide by reading, on a new connection, whether it is
   * there, before writing it again. If neither had been sent, nothing was written, and this is as
   * {@link #AGAIN}.
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
        SqlFailure one = ofOne(e);
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

  /** Whether the database refused a row because of a constraint. */
  static boolean isOfConstraint(SQLException failure) {
    String state = failure.getSQLState();
    return state != null && state.startsWith("23");
  }

  private static SqlFailure ofOne(SQLException failure) {
    String state = failure.getSQLState() == null ? "" : failure.getSQLState();
    if (state.startsWith("08")) {
      return OUTCOME_UNKNOWN;
    }
    SqlFailure byState =
        switch (state) {
          case "40003", "57P01", "57P02", "90067", "90098", "90121" -> OUTCOME_UNKNOWN;
          case "40001", "40P01", "55P03", "25P03", "25P04", "57014" -> AGAIN;
          case "53300", "57P03", "57P05", GuardTrigger.CONFLICT, "90131" -> AGAIN;
          case "HY000" -> ofMySql(failure.getErrorCode());
          case "70100" -> failure.getErrorCode() == 1927 ? OUTCOME_UNKNOWN : STOP;
          default -> state.startsWith("S") ? ofSqlServer(failure.getErrorCode()) : STOP;
        };
    return byState == STOP && failure instanceof SQLTimeoutException ? AGAIN : byState;
  }

  private static SqlFailure ofMySql(int code) {
    return code == 1205 || code == 3572 || code == 1020 || code == 3024 ? AGAIN : STOP;
  }

  /** Its driver makes a state of its own for most errors: S and digits. */
  private static SqlFailure ofSqlServer(int code) {
    return code == 1222 || code == 3960 ? AGAIN : STOP;
  }
}
