package io.holdfast.cmdb.cli;

import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Portrait;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb show}. */
@Command(
    name = "show",
    description = "Shows a machine: each value, who says it, and who says otherwise.",
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
      "  holdfast cmdb show 3fa9c1",
      "  holdfast cmdb show serial:9VKPS12",
      "  holdfast cmdb show --json web01 | jq .attributes.hostname.value",
      "",
      "JSON: id, redirectedFrom, version, fence, updatedAt, rules, rulesInForce,",
      "newestObservation, conflicts, keys (kind, value, strong), sources (source,",
      "lastHeard), attributes: by name value (null: there is none), conflict, rule",
      "(strategy, sources), winners (source, value, observedAt, ageSeconds, report),",
      "losers (the same, reason, why). Ages are measured against newestObservation."
    })
final class ShowCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(names = "--json", description = "One line of JSON, nothing cut")
  private boolean json;

  @Parameters(
      paramLabel = Finding.LABEL,
      description = {
        "A machine's id or at least 6 digits of its beginning; or a key,",
        "such as serial:9VKPS12 (serial, uuid, cloudId, agentId, mac,",
        "hostname); or the value of a key of whatever kind"
      })
  @SuppressWarnings("NullAway.Init")
  private String wanted;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Portrait portrait =
        Reading.at(place, database -> Finding.one(Catalog.of(database), wanted, out, json));
    if (json) {
      out.println(Screen.json(PortraitJson.of(portrait)));
    } else {
      PortraitLines.of(portrait).forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
