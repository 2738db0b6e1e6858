package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Catalog.Version;
import io.holdfast.cmdb.store.Portrait;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb history}. */
@Command(
    name = "history",
    description = "Shows what each version of a machine changed, newest first.",
    sortOptions = false,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:there it is",
      "1:there is no such machine, or more than one: they are listed",
      "64:wrong usage",
      "69:the database is unavailable, or refuses",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb history serial:9VKPS12",
      "  holdfast cmdb history --limit 1 3fa9c1",
      "",
      "A version is written for new reports, because machines turned out to be one",
      "(join), because reports without a strong key moved (move), or because other",
      "rules are in force (rules).",
      "",
      "JSON: id, redirectedFrom, versions: version, at, cause, token, reports (ids),",
      "changes: by attribute before and after, null for none."
    })
final class HistoryCommand implements Callable<Integer> {
  private static final int BEFORE = 24;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Mixin private final Limit limit = new Limit();

  @Option(names = "--json", description = "One line of JSON, nothing cut")
  private boolean json;

  @Parameters(
      paramLabel = Finding.LABEL,
      description = "As for show: an id, the beginning of one, a key, or its value")
  @SuppressWarnings("NullAway.Init")
  private String wanted;

  @Override
  public Integer call() {
    int atMost = limit.orElse(20);
    PrintWriter out = spec.commandLine().getOut();
    List<Version> versions = new ArrayList<>();
    Portrait portrait =
        Reading.at(
            place,
            database -> {
              Catalog catalog = Catalog.of(database);
              Portrait found = Finding.one(catalog, wanted, out, json);
              catalog.history(
                  found.machine().id(),
                  version -> {
                    versions.add(version);
                    return versions.size() < atMost;
                  });
              return found;
            });
    if (json) {
      out.println(Screen.json(json(portrait, versions)));
    } else {
      print(portrait, versions, out);
    }
    out.flush();
    return 0;
  }

  private static void print(Portrait portrait, List<Version> versions, PrintWriter out) {
    out.println("machine " + portrait.machine().id());
    for (String redirect : portrait.redirects()) {
      out.println("        " + redirect + " turned out to be this one");
    }
    for (Version version : versions) {
      int reports = version.reports().size();
      out.println();
      out.println(
          String.format(
              Locale.ROOT,
              "version %d  %s  %s, %d %s, token %d",
              version.version(),
              Screen.moment(version.at()),
              version.cause(),
              reports,
              reports == 1 ? "report" : "reports",
              version.token()));
      for (Map.Entry<String, JsonNode> change : Json.parseTrusted(version.diff()).properties()) {
        String before = Screen.cut(text(change.getValue().path(0)), BEFORE);
        String after = text(change.getValue().path(1));
        out.println(
            Screen.cut("  " + change.getKey() + ": " + before + " -> " + after, Screen.COLUMNS));
      }
    }
    long left = versions.isEmpty() ? 0 : versions.get(versions.size() - 1).version() - 1;
    if (left > 0) {
      out.println();
      out.println(left + " older; --limit shows more");
    }
  }

  private static String text(JsonNode value) {
    return value.isNull() ? "none" : value.toString();
  }

  private static ObjectNode json(Portrait portrait, List<Version> versions) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("id", portrait.machine().id());
    ArrayNode redirects = node.putArray("redirectedFrom");
    portrait.redirects().forEach(redirects::add);
    ArrayNode list = node.putArray("versions");
    for (Version version : versions) {
      ObjectNode each = list.addObject();
      each.put("version", version.version());
      each.put("at", version.at().toString());
      each.put("cause", version.cause());
      each.put("token", version.token());
      ArrayNode reports = each.putArray("reports");
      version.reports().forEach(reports::add);
      ObjectNode changes = each.putObject("changes");
      for (Map.Entry<String, JsonNode> change : Json.parseTrusted(version.diff()).properties()) {
        ObjectNode both = changes.putObject(change.getKey());
        both.putRawValue("before", new RawValue(change.getValue().path(0).toString()));
        both.putRawValue("after", new RawValue(change.getValue().path(1).toString()));
      }
    }
    return node;
  }
}
