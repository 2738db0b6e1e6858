package io.holdfast.cli;

import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The option {@code --store} of every command that asks one. */
final class Stores {
  @Spec(Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--store",
      paramLabel = "URL",
      defaultValue = "${env:HOLDFAST_STORE:-}",
      description = {
        "Where the locks are: redis://HOST:PORT",
        "Without it, the variable HOLDFAST_STORE says it,",
        "which other users do not see in the list of processes."
      })
  private String url = "";

  /** Connects. */
  Locks connect(LocksConfig config) {
    if (url.isEmpty()) {
      throw wrong("no store: give --store redis://HOST:PORT or set HOLDFAST_STORE");
    }
    if (url.toLowerCase(Locale.ROOT).startsWith("memory:")) {
      throw wrong(
          "memory: locks only the threads of one JVM, so no other command would see the lock;"
              + " give the URL of a shared store, such as redis://localhost:6379");
    }
    try {
      return Locks.connect(url, config);
    } catch (IllegalArgumentException e) {
      throw wrong("--store: " + e.getMessage());
    }
  }

  private ParameterException wrong(String text) {
    return new ParameterException(command.commandLine(), text);
  }
}
