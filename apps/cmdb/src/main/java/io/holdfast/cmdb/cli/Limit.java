package io.holdfast.cmdb.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The option that says how much is wanted. */
final class Limit {

  @Spec(Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(names = "--limit", paramLabel = "N", description = "Show N at most")
  private @Nullable Integer limit;

  /** What is wanted, or else that many. */
  int orElse(int otherwise) {
    int wanted = limit == null ? otherwise : limit;
    if (wanted < 1) {
      throw new ParameterException(command.commandLine(), "--limit is 1 or more");
    }
    return wanted;
  }
}
