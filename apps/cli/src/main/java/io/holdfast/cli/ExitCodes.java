package io.holdfast.cli;

/** What the commands exit with: the numbers of sysexits.h and of shells where they have one. */
final class ExitCodes {
  /** The command line is wrong. */
  static final int USAGE = 64;

  /** The store gives no answer, or refuses. */
  static final int UNAVAILABLE = 69;

  /** A mistake of ours. */
  static final int INTERNAL = 70;

  /** Someone else had the lock for the whole wait. */
  static final int NOT_ACQUIRED = 75;

  /** The lease was lost while the command ran. */
  static final int LOST = 76;

  /** The command is there but cannot be executed. */
  static final int NOT_EXECUTABLE = 126;

  /** There is no such command. */
  static final int NOT_FOUND = 127;

  /** What a signal's number is added to. */
  static final int SIGNAL = 128;

  private ExitCodes() {}
}
