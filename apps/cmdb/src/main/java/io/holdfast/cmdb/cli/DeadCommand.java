package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Fault;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Catalog.Letter;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb dead}. */
@Command(
    name = "dead",
    description = "Lists input that can never be merged, by file and line.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all that are wanted are listed, if only none",
      "64:wrong usage",
      "69:the database is unavailable, or refuses",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb dead",
      "  holdfast cmdb dead --category not-json --limit 10",
      "  holdfast cmdb dead --json | jq -r .category | sort | uniq -c",
      "",
      "Nothing else becomes a dead letter: what may pass is tried again.",
      "",
      "JSON, a line for each: file, line (0: the whole file), category, reason, at."
    })
final class DeadCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(
      names = "--category",
      paramLabel = "NAME",
      description = "Only those of this category, such as not-json")
  private Optional<String> category = Optional.empty();

  @Mixin private final Limit limit = new Limit();

  @Option(names = "--json", description = "A line of JSON for each")
  private boolean json;

  @Override
  public Integer call() {
    category.ifPresent(this::check);
    ListCommand.Output output =
        new ListCommand.Output(spec.commandLine().getOut(), limit.orElse(Integer.MAX_VALUE));
    return Reading.at(
        place,
        database -> {
          Catalog.of(database)
              .deadLetters(
                  category, letter -> output.line(json ? Screen.json(json(letter)) : text(letter)));
          output.end();
          return 0;
        });
  }

  private void check(String name) {
    if (Stream.of(Fault.values()).noneMatch(fault -> fault.label().equals(name))) {
      throw new ParameterException(
          spec.commandLine(),
          "--category is "
              + Stream.of(Fault.values()).map(Fault::label).collect(Collectors.joining(", ")));
    }
  }

  private static String text(Letter letter) {
    String place = letter.line() == 0 ? letter.file() : letter.file() + ":" + letter.line();
    return Screen.plain(
        place
            + ": "
            + letter.category()
            + ": "
            + letter.reason()
            + " ("
            + Screen.moment(letter.at())
            + ")");
  }

  private static ObjectNode json(Letter letter) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("file", letter.file());
    node.put("line", letter.line());
    node.put("category", letter.category());
    node.put("reason", letter.reason());
    node.put("at", letter.at().toString());
    return node;
  }
}
