package io.holdfast.benchmarks;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IExitCodeGenerator;

/** The benchmark cannot be run to its end. */
final class BenchException extends RuntimeException implements IExitCodeGenerator {

  static final int FAILED = 1;
  static final int UNAVAILABLE = 69;
  static final int CANNOT_WRITE = 74;

  private static final long serialVersionUID = 1;

  private final int exitCode;

  BenchException(int exitCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  @Override
  public int getExitCode() {
    return exitCode;
  }
}
