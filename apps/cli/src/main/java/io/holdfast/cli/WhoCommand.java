package io.holdfast.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.Inspection;
import io.holdfast.Inspection.Holder;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast who}. */
@Command(
    name = "who",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Tells who has a lock, and asks for nothing.",
    customSynopsis = "holdfast who [--store=URL] [--json] NAME",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the store has answered, whether the lock is held or free",
      "64:wrong usage",
      "69:the store does not answer, or refuses",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast who nightly",
      "  holdfast who --json nightly | jq .held",
      "",
      "JSON: name, held, label, token, remainingMillis, waiting. What is not there or",
      "not known is null: a lock without an end has no remainingMillis.",
      "",
      "Label and token are those of the grant. Threads of one process hand a lock over",
      "without telling the store: the token of the one that has it may be greater.",
    })
final class WhoCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Stores stores = new Stores();

  @Option(names = "--json", description = "One line of JSON")
  private boolean json;

  @Parameters(paramLabel = "NAME", converter = Name.class, description = "The lock")
  @SuppressWarnings("NullAway.Init")
  private LockName name;

  @Override
  public Integer call() throws Exception {
    try (Locks locks = stores.connect(LocksConfig.DEFAULTS)) {
      Inspection inspection = inspect(locks);
      spec.commandLine().getOut().println(json ? json(inspection) : text(inspection));
      spec.commandLine().getOut().flush();
      return 0;
    }
  }

  private Inspection inspect(Locks locks) throws InterruptedException {
    try {
      return locks.inspect(name.value());
    } catch (UnsupportedOperationException e) {
      throw new CommandFailure(ExitCodes.UNAVAILABLE, "this store does not tell who has a lock");
    }
  }

  private static String text(Inspection inspection) {
    String held = inspection.holder().map(WhoCommand::text).orElse("free");
    String waiting =
        inspection.waiting().stream()
            .mapToObj(count -> ", " + count + " waiting")
            .findAny()
            .orElse("");
    return Failures.oneLine(inspection.name() + ": " + held + waiting);
  }

  private static String text(Holder holder) {
    String token = holder.token().stream().mapToObj(t -> ", token " + t).findAny().orElse("");
    String end = holder.remaining().map(span -> Span.spell(span) + " remaining").orElse("no end");
    return "held by " + holder.label() + token + ", " + end;
  }

  private static String json(Inspection inspection) throws IOException {
    return new ObjectMapper().writeValueAsString(Answer.of(inspection));
  }

  /** The JSON. Its names are a promise. */
  private record Answer(
      String name,
      boolean held,
      @Nullable String label,
      @Nullable Long token,
      @Nullable Long remainingMillis,
      @Nullable Integer waiting) {

    static Answer of(Inspection inspection) {
      Optional<Holder> holder = inspection.holder();
      OptionalLong token = holder.map(Holder::token).orElse(OptionalLong.empty());
      return new Answer(
          inspection.name().value(),
          holder.isPresent(),
          holder.map(Holder::label).orElse(null),
          token.isPresent() ? token.getAsLong() : null,
          holder.flatMap(Holder::remaining).map(Duration::toMillis).orElse(null),
          inspection.waiting().isPresent() ? inspection.waiting().getAsInt() : null);
    }
  }
}
