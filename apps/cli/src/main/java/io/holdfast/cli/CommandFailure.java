package io.holdfast.cli;

import picocli.CommandLine.IExitCodeGenerator;

/** A command line that was understood and cannot be done, with what to exit with. */
final class CommandFailure extends RuntimeException implements IExitCodeGenerator {
  private final int exitCode;

  CommandFailure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  @Override
  public int getExitCode() {
    return exitCode;
  }
}
