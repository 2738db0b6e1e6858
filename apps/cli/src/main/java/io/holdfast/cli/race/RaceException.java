package io.holdfast.cli.race;

/** The race cannot be run to its end. The message is one line for a person, without any secret. */
final class RaceException extends Exception {

  private static final long serialVersionUID = 1;

  private final int exitCode;

  private RaceException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** A server that the race needs is not there, or refuses. */
  static RaceException unavailable(String message) {
    return new RaceException(RaceCommand.UNAVAILABLE, message);
  }

  /** What was asked for makes no sense. */
  static RaceException usage(String message) {
    return new RaceException(RaceCommand.USAGE, message);
  }

  /** The race itself went wrong. */
  static RaceException broken(String message) {
    return new RaceException(RaceCommand.FAILED, message);
  }

  int exitCode() {
    return exitCode;
  }
}
