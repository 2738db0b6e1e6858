package io.holdfast.guard;

/**
 * The database refused a write: one subclass for each decision that the caller can take. Either
 * way, roll back the whole transaction first: what it wrote before is as unprotected as what was
 * refused.
 *
 * <p>Messages are fixed text followed by the values, in which control characters are replaced.
 */
public abstract sealed class GuardException extends RuntimeException
    permits StaleTokenException, VersionConflictException {

  private static final int PRINTED_CHARS = 200;

  private final String table;
  private final String key;
  private final long token;

  GuardException(String text, String table, String key, long token, String found) {
    super(text + ": " + table + " " + printable(key) + ", token " + token + ", " + found);
    this.table = table;
    this.key = key;
    this.token = token;
  }

  /** The table of the record, or of the fence. */
  public String table() {
    return table;
  }

  /** The record's id as text, or the fence's name; as it was given. */
  public String key() {
    return key;
  }

  /** The token that the refused write came with. */
  public long token() {
    return token;
  }

  static String printable(String key) {
    String start = key.length() <= PRINTED_CHARS ? key : key.substring(0, PRINTED_CHARS) + "...";
    return start.replaceAll("\\p{Cntrl}", "?");
  }
}
