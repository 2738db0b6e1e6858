package io.holdfast.cmdb.cli;

import picocli.CommandLine.IExitCodeGenerator;

/** A command that was understood and cannot be done: one line for people, and the exit code. */
public final class CmdbException extends RuntimeException implements IExitCodeGenerator {

  /** What was asked about is not there, or the audit found something: the answer is no. */
  public static final int NO = 1;

  /** The command line is wrong. */
  public static final int USAGE = 64;

  /** There is no such input. */
  public static final int NO_INPUT = 66;

  /** The database or the store is unavailable, or refuses. */
  public static final int UNAVAILABLE = 69;

  /** A file cannot be written. */
  public static final int CANNOT_WRITE = 74;

  private final int exitCode;

  /** With an exit code of sysexits.h, as above. */
  public CmdbException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  @Override
  public int getExitCode() {
    return exitCode;
  }
}
