package io.holdfast.cmdb.cli;

import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Catalog.Query;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb list}. */
@Command(
    name = "list",
    description = "Lists machines, one on a line, in the order of their ids.",
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
      "  holdfast cmdb list --conflicts",
      "  holdfast cmdb list --where os.name=Debian --where cpu.logical=8",
      "  holdfast cmdb list --json | jq -r 'select(.sources | length < 2) .id'",
      "",
      "SRC counts sources, CNF attributes about which they disagree, VER is the",
      "machine's version, NEWEST the day of its newest observation.",
      "",
      "JSON, a line for each: id, hostname, serial, os, sources, conflicts, version,",
      "newestObservation, updatedAt. What is not known is null."
    })
final class ListCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(
      names = "--where",
      paramLabel = "ATTRIBUTE=VALUE",
      description = {
        "Only machines with this value, or a list that has it; several",
        "times for machines that are all of that"
      })
  private List<String> where = new ArrayList<>();

  @Option(names = "--conflicts", description = "Only those about which sources disagree")
  private boolean conflicts;

  @Mixin private final Limit limit = new Limit();

  @Option(names = "--json", description = "A line of JSON for each")
  private boolean json;

  @Override
  public Integer call() {
    Query query = new Query(where.stream().map(this::condition).toList(), conflicts);
    Output output = new Output(spec.commandLine().getOut(), limit.orElse(Integer.MAX_VALUE));
    return Reading.at(
        place,
        database -> {
          if (!json) {
            output.header(MachineLine.header());
          }
          Catalog.of(database)
              .list(
                  query,
                  brief ->
                      output.line(
                          json ? Screen.json(MachineLine.json(brief)) : MachineLine.text(brief)));
          output.end();
          return 0;
        });
  }

  private Map.Entry<String, String> condition(String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new ParameterException(
          spec.commandLine(), "--where is ATTRIBUTE=VALUE, such as os.name=Debian");
    }
    return Map.entry(text.substring(0, equals), text.substring(equals + 1));
  }

  /** Lines up to a number of them, or until nobody reads any more. */
  static final class Output {
    private static final int LINES_AT_A_TIME = 100;

    private final PrintWriter out;
    private final int most;
    private int lines;

    Output(PrintWriter out, int most) {
      this.out = out;
      this.most = most;
    }

    void header(String text) {
      out.println(text);
    }

    /** Answers whether more is wanted. */
    boolean line(String text) {
      out.println(text);
      lines++;
      return lines < most && (lines % LINES_AT_A_TIME != 0 || !out.checkError());
    }

    void end() {
      out.flush();
    }
  }
}
