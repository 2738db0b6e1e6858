package io.holdfast.guard;

import java.sql.ResultSet;
import java.sql.SQLException;

/** The range of fencing tokens, and what is stored of them. */
final class Tokens {

  /** From here on a token would not survive a store or a language that counts in doubles. */
  private static final long END = 1L << 53;

  private Tokens() {}

  static void check(long token) {
    if (token <= 0 || token >= END) {
      throw new IllegalArgumentException("a token is from 1 to 2^53 - 1, not " + token);
    }
  }

  /**
   * A fence or a version as it is stored.
   *
   * @throws IllegalStateException if it is null, which says neither that the holder is stale nor
   *     that it is not: no write is taken until somebody who knows sets it
   */
  static long stored(ResultSet row, int column, String name, String table, String key)
      throws SQLException {
    long stored = row.getLong(column);
    if (row.wasNull()) {
      throw new IllegalStateException(
          "No holder is let in, as nobody knows who wrote last: %s %s, %s is null"
              .formatted(table, GuardException.printable(key), name));
    }
    return stored;
  }
}
