package io.holdfast;

/**
 * One thing that was looked at in a store before anybody relies on it. Immutable.
 *
 * @param level whether it is as it should be
 * @param subject what was looked at, in a few words
 * @param found what was found; no secret in it
 * @param cure what to do about it; empty if nothing has to be done
 */
public record Finding(Level level, String subject, String found, String cure) {

  /** Whether something is as it should be. */
  public enum Level {
    /** It is. */
    OK,
    /** It works, and promises less than it could, or may fail one day. */
    WARNING,
    /** Connecting fails for this reason. */
    REFUSED
  }

  /** As it should be. */
  public static Finding ok(String subject, String found) {
    return new Finding(Level.OK, subject, found, "");
  }

  /** Works, but should be seen to. */
  public static Finding warning(String subject, String found, String cure) {
    return new Finding(Level.WARNING, subject, found, cure);
  }

  /** Does not work. */
  public static Finding refused(String subject, String found, String cure) {
    return new Finding(Level.REFUSED, subject, found, cure);
  }
}
