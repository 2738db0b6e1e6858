package io.holdfast.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.Finding;
import io.holdfast.LockOptions;
import io.holdfast.LocksConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast doctor}. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = {
      "Looks a store over before anybody relies on it.",
      "",
      "Whether it answers, its version, settings, rights and clock, and whether a",
      "lock can be had. Leaves no more behind than a released lock: files on file:,",
      "elsewhere what expires.",
    },
    customSynopsis = "holdfast doctor [--lease=D] [--json] [--ddl] [URL]",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions (D is 500ms, 30s, 5m, 1h or PT30S):%n",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:nothing is refused; there may be warnings",
      "64:wrong usage",
      "69:the store does not answer, or refuses something",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast doctor redis://localhost:6379",
      "  holdfast doctor --json | jq '.findings[] | select(.level != \"ok\")'",
      "  holdfast doctor --ddl jdbc:postgresql://db/app > locks.sql",
      "",
      "JSON: refused, findings; each has level (ok, warning, refused), subject, found",
      "and cure, which is empty if nothing has to be done.",
    })
final class DoctorCommand implements Callable<Integer> {
  /** For each answer: a store that is slow, or asked on a busy machine, is not one that is down. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "URL",
      description = "The store, as after --store, whose place it takes")
  private Optional<String> url = Optional.empty();

  @Mixin private final Stores stores = new Stores();

  @Option(
      names = "--lease",
      paramLabel = "D",
      converter = Span.class,
      description = "The lease that is going to be used (30s): some stores grant only some")
  private Duration lease = LockOptions.DEFAULTS.leaseFor();

  @Option(names = "--json", description = "One line of JSON")
  private boolean json;

  @Option(
      names = "--ddl",
      description = "Only print what has to be created in the store; asks nobody")
  private boolean ddl;

  @Override
  public Integer call() throws IOException {
    if (ddl && json) {
      throw new ParameterException(spec.commandLine(), "--ddl is no JSON: leave one of the two");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (ddl) {
      stores.schema(url).ifPresent(out::print);
      out.flush();
      return 0;
    }
    List<Finding> findings =
        stores.examine(url, LocksConfig.DEFAULTS.options(options()).requestTimeout(PATIENCE));
    boolean refused = findings.stream().anyMatch(one -> one.level() == Finding.Level.REFUSED);
    out.print(json ? json(refused, findings) : text(findings));
    out.flush();
    return refused ? ExitCodes.UNAVAILABLE : 0;
  }

  private LockOptions options() {
    try {
      return LockOptions.DEFAULTS.leaseFor(lease);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--lease: " + e.getMessage());
    }
  }

  private static String text(List<Finding> findings) {
    StringBuilder text = new StringBuilder();
    for (Finding finding : findings) {
      text.append("%-8s %-13s".formatted(word(finding), finding.subject()));
      Column.append(text, Failures.oneLine(finding.found()));
      if (!finding.cure().isEmpty()) {
        text.append(" ".repeat(Column.START - 1));
        Column.append(text, "-> " + Failures.oneLine(finding.cure()));
      }
    }
    return text.toString();
  }

  private static String word(Finding finding) {
    return finding.level().name().toLowerCase(Locale.ROOT);
  }

  private static String json(boolean refused, List<Finding> findings) throws IOException {
    Answer answer = new Answer(refused, findings.stream().map(Described::of).toList());
    return new ObjectMapper().writeValueAsString(answer) + System.lineSeparator();
  }

  /** The JSON. Its names are a promise. */
  private record Answer(boolean refused, List<Described> findings) {}

  private record Described(String level, String subject, String found, String cure) {
    static Described of(Finding finding) {
      return new Described(
          word(finding),
          finding.subject(),
          Failures.oneLine(finding.found()),
          Failures.oneLine(finding.cure()));
    }
  }
}
