package io.holdfast.cli;

import io.holdfast.Finding;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
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
        "Where the locks are, one of",
        "  redis://HOST:PORT          rediss://HOST:PORT",
        "  jdbc:postgresql://HOST/DB  jdbc:mariadb://HOST/DB",
        "  zookeeper://HOST,HOST/PATH",
        "  etcd://HOST,HOST           etcds://HOST,HOST",
        "  file:/FOLDER               for one host",
        "Without it, the variable HOLDFAST_STORE says it,",
        "which other users do not see in the list of processes."
      })
  private String url = "";

  /**
   * Connects.
   *
   * @param config with the lease that is going to be used: some stores fix it when connecting
   */
  Locks connect(LocksConfig config) {
    String store = given(url);
    if (store.toLowerCase(Locale.ROOT).startsWith("memory:")) {
      throw wrong(
          "memory: locks only the threads of one JVM, so no other command would see the lock;"
              + " give the URL of a shared store, such as redis://localhost:6379");
    }
    return checked(() -> Locks.connect(store, config));
  }

  /** Looks a store over. */
  List<Finding> examine(Optional<String> named, LocksConfig config) {
    String store = named.orElse(url);
    return checked(() -> Locks.examine(given(store), config));
  }

  /** What has to be created in it beforehand. */
  Optional<String> schema(Optional<String> named) {
    String store = named.orElse(url);
    return checked(() -> Locks.schema(given(store)));
  }

  private String given(String store) {
    if (store.isEmpty()) {
      throw wrong("no store: give --store URL or set HOLDFAST_STORE");
    }
    return store;
  }

  private <A> A checked(Supplier<A> question) {
    try {
      return question.get();
    } catch (IllegalArgumentException e) {
      throw wrong("--store: " + e.getMessage());
    }
  }

  private ParameterException wrong(String text) {
    return new ParameterException(command.commandLine(), text);
  }
}
