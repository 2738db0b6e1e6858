package io.holdfast.jdbc;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a statement's failure means: refused for good, or no answer. Never free, busy or lost.
 *
 * <p>The driver's own text is not passed on, nor is its exception: they may repeat the URL with its
 * password, or a row with its claim. SQLState and the vendor's number say enough.
 */
final class JdbcFailure {

  /** What refuses for good, by SQLState or vendor's number; the first that fits. */
  private enum Refusal {
    CREDENTIALS("knows no such user and password: correct the URL", "28...|1045|18456"),
    DATABASE("has no such database: correct the URL", "3D000|1049|4060|90146"),
    RIGHTS(
        "does not permit this user what locks need: see the grants in the documentation",
        "42501|1044|1142|1143|1227|229|230|262|916|90096"),
    TABLE(
        "has no lease table of this name: run `holdfast doctor URL --ddl` and what it prints",
        "42P01|42S02|42S03|42S04|3F000|1146|208|90079"),
    BINARY_LOG("writes its binary log by statement: set binlog_format to MIXED or ROW", "1665"),
    COLUMNS(
        "has a lease table with other columns: compare it with `holdfast doctor URL --ddl`",
        "42703|42S22|42804|22001|22003|1054|1364|1406|207|515|8152|2628");

    private final String words;
    private final String codes;

    Refusal(String words, String codes) {
      this.words = words;
      this.codes = codes;
    }

    private static Optional<Refusal> of(SQLException e) {
      String number = Integer.toString(e.getErrorCode());
      return Stream.of(values())
          .filter(refusal -> state(e).matches(refusal.codes) || number.matches(refusal.codes))
          .findFirst();
    }
  }

  private static final String ENDED_BY_THE_SERVER = "57P01|57P05";
  private static final int KILLED_BY_MARIADB = 1927;

  private JdbcFailure() {}

  /**
   * The exception for the caller.
   *
   * @param about the server and database, without credentials
   */
  static LockException of(Throwable failure, String about) {
    List<Throwable> chain =
        Stream.iterate(Optional.of(failure), cause -> cause.map(Throwable::getCause))
            .limit(20) // of a chain that is a ring
            .takeWhile(Optional::isPresent)
            .map(Optional::get)
            .toList();
    for (Throwable cause : chain) {
      if (cause instanceof LockException known) {
        return known;
      }
      if (cause instanceof GeneralSecurityException) {
        return new StoreRefusedException(
            "The TLS certificate of " + about + " is not trusted or is not for this host name");
      }
    }
    for (Throwable cause : chain) {
      if (cause instanceof SQLException answer) {
        return meaning(answer, about, chain);
      }
    }
    return new BackendException(
        "The driver failed with a %s while asking %s"
            .formatted(failure.getClass().getName(), about));
  }

  /** Whether the server says that it has ended the session, and answers no question of it. */
  static boolean isEndOfSession(@Nullable Throwable failure) {
    return failure instanceof SQLException e
        && (state(e).matches(ENDED_BY_THE_SERVER) || e.getErrorCode() == KILLED_BY_MARIADB);
  }

  private static LockException meaning(SQLException e, String about, List<Throwable> chain) {
    String code = " (" + state(e) + (e.getErrorCode() == 0 ? "" : ", " + e.getErrorCode()) + ")";
    Optional<Refusal> refusal = Refusal.of(e);
    if (refusal.isPresent()) {
      return new StoreRefusedException(about + " " + refusal.get().words + code);
    }
    for (Throwable cause : chain) {
      if (cause instanceof IOException) {
        return new BackendException(
            "No connection to %s, or it ended before an answer came (%s)"
                .formatted(about, cause.getClass().getSimpleName()));
      }
    }
    return new BackendException(about + " " + passing(e) + code);
  }

  /** What passes, by itself or when the server is looked after. */
  private static String passing(SQLException e) {
    return switch (state(e)) {
      case "53300", "08004" -> "has no connection left: raise max_connections, or use fewer";
      case "57P01", "57P02", "57P03" -> "is shutting down or starting";
      case "25006" -> "is a standby: connect to the primary";
      case "40001", "40P01" -> "ended the statement because it met another one";
      case "57014", "55P03", "HYT00" -> "took too long, or somebody has locked the row by hand";
      default ->
          switch (e.getErrorCode()) {
            case 1040, 1203, 1226 -> "has no connection left: raise max_connections, or use fewer";
            case 1290, 1836, 3906 -> "is read only: connect to the primary";
            case 1205, 1213, 1222 -> "ended the statement because it met another one";
            default ->
                state(e).startsWith("08")
                    ? "cannot be reached, or the connection ended before an answer came"
                    : "answered an error that Holdfast does not know";
          };
    };
  }

  private static String state(SQLException e) {
    return String.valueOf(e.getSQLState());
  }
}
