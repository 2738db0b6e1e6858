package io.holdfast.cli;

import io.holdfast.BackendException;
import io.holdfast.LeaseLostException;
import io.holdfast.LockTimeoutException;
import io.holdfast.StoreRefusedException;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * What a failed command says and exits with: one line on stderr. {@code HOLDFAST_DEBUG=1} adds the
 * stack trace.
 */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
  /** Between the scheme of a URL and its host, up to the last @ for passwords that have one. */
  private static final Pattern CREDENTIALS = Pattern.compile("://[^\\s'\"]*@");

  private final boolean debug;

  Failures(Map<String, String> environment) {
    this.debug = "1".equals(environment.get("HOLDFAST_DEBUG"));
  }

  @Override
  public int handleParseException(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    String help = command.getCommandSpec().qualifiedName() + " --help";
    report(command, text(failure) + " (see " + help + ")", failure);
    return ExitCodes.USAGE;
  }

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, ParseResult parseResult) {
    int exitCode = exitCode(failure);
    boolean ours = exitCode == ExitCodes.INTERNAL;
    String text =
        ours
            ? "unexpected: " + failure + " (HOLDFAST_DEBUG=1 shows where; please report it)"
            : text(failure);
    report(command, text, failure);
    return exitCode;
  }

  private static int exitCode(Exception failure) {
    if (failure instanceof IExitCodeGenerator known) {
      return known.getExitCode();
    } else if (failure instanceof LockTimeoutException) {
      return ExitCodes.NOT_ACQUIRED;
    } else if (failure instanceof LeaseLostException) {
      return ExitCodes.LOST;
    } else if (failure instanceof BackendException || failure instanceof StoreRefusedException) {
      return ExitCodes.UNAVAILABLE;
    } else {
      return ExitCodes.INTERNAL;
    }
  }

  private static String text(Exception failure) {
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return failure instanceof BackendException
        ? message + "; is the store running, and is this its address?"
        : message;
  }

  private void report(CommandLine command, String text, Exception failure) {
    command.getErr().println("holdfast: " + oneLine(text));
    if (debug) {
      failure.printStackTrace(command.getErr());
    }
    command.getErr().flush();
  }

  /** The text as one line that hides credentials and cannot steer a terminal. */
  static String oneLine(String text) {
    String open = CREDENTIALS.matcher(text.strip()).replaceAll("://***@");
    return open.replaceAll("\\R\\s*", "; ").replaceAll("\\p{Cntrl}", "?");
  }
}
