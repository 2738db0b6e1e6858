package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Catalog.InForce;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb rules}. */
@Command(
    name = "rules",
    description = "Prints the merge rules in force; their id goes to stderr.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:they are printed, or the file is good",
      "1:the file is not: a line says what is wrong with it",
      "64:wrong usage",
      "66:the file is not there",
      "69:the database is unavailable, or refuses",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb rules --default > rules.json",
      "  holdfast cmdb rules --check rules.json",
      "  holdfast cmdb ingest --rules rules.json reports/",
      "",
      "JSON: id, since (when this database came to know them, null with --default and",
      "--check), rules."
    })
final class RulesCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(
      names = "--default",
      description = {"The built-in rules, to begin a file of your own with;", "asks no database"})
  private boolean builtIn;

  @Option(
      names = "--check",
      paramLabel = "FILE",
      description = "Whether a file can be put in force; asks no database")
  private Optional<Path> check = Optional.empty();

  @Option(names = "--json", description = "One line of JSON")
  private boolean json;

  @Override
  public Integer call() {
    if (builtIn && check.isPresent()) {
      throw new ParameterException(spec.commandLine(), "--default and --check exclude each other");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (check.isPresent()) {
      Rules rules = read(check.get());
      out.println(
          json ? json(rules, Optional.empty()) : check.get() + ": good, rules " + rules.id());
    } else if (builtIn) {
      print(Rules.defaults(), Optional.empty(), "built in");
    } else {
      InForce inForce = Reading.at(place, database -> Catalog.of(database).rules());
      print(
          inForce.rules(),
          Optional.of(inForce),
          "in force, known since " + Screen.moment(inForce.since()));
    }
    out.flush();
    return 0;
  }

  private void print(Rules rules, Optional<InForce> inForce, String about) {
    if (json) {
      spec.commandLine().getOut().println(json(rules, inForce));
      return;
    }
    spec.commandLine().getErr().println("rules " + rules.id() + ", " + about);
    spec.commandLine().getErr().flush();
    rules
        .text()
        .lines()
        .map(line -> Screen.json(line))
        .forEach(spec.commandLine().getOut()::println);
  }

  private static String json(Rules rules, Optional<InForce> inForce) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("id", rules.id());
    node.put("since", inForce.map(each -> each.since().toString()).orElse(null));
    node.putRawValue("rules", new RawValue(Json.parseTrusted(rules.text()).toString()));
    return Screen.json(node);
  }

  private static Rules read(Path file) {
    try {
      return Rules.parse(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new CmdbException(CmdbException.NO, file + ": bytes that are no UTF-8");
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.NO_INPUT, "--check: cannot read " + file + ": " + AckFile.reason(e));
    } catch (IllegalArgumentException e) {
      throw new CmdbException(CmdbException.NO, file + ": " + e.getMessage());
    }
  }
}
