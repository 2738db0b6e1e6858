package io.holdfast;

/**
 * What is locked. A name is the same text in every store, never hashed, folded or escaped where the
 * store can spell it.
 *
 * <p>1 to 200 characters of {@code A-Z a-z 0-9 . _ : / @ -}. The alphabet is small on purpose:
 * braces would steer the hash slots of a Redis cluster, control characters spoof consoles, and
 * other scripts make two names out of one look.
 *
 * <p>Immutable and thread-safe.
 *
 * @param value the text of the name
 */
public record LockName(String value) {

  /** The longest name, in characters. */
  public static final int MAX_LENGTH = 200;

  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException if the name is empty, too long, or has another character; the
   *     message names it and its place
   */
  public LockName {
    if (value.isEmpty() || value.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "A lock name has 1 to " + MAX_LENGTH + " characters, this one has " + value.length());
    }
    for (int i = 0; i < value.length(); i++) {
      int c = value.codePointAt(i);
      if (!isAllowed(c)) {
        throw new IllegalArgumentException(
            "A lock name has only the characters A-Z a-z 0-9 . _ : / @ - but at index %d stands %s"
                .formatted(i, spell(c)));
      }
    }
  }

  private static boolean isAllowed(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "._:/@-".indexOf(c) >= 0;
  }

  /** The character itself only where it cannot spoof the reader's terminal. */
  private static String spell(int c) {
    String code = "U+%04X".formatted(c);
    return c > ' ' && c < 0x7f ? "'" + (char) c + "' (" + code + ")" : code;
  }

  @Override
  public String toString() {
    return value;
  }
}
