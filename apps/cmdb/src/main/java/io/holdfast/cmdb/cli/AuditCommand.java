package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Audit;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb audit}. */
@Command(
    name = "audit",
    description = "Looks whether all that was acknowledged is there, and nothing else.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all is as it should be",
      "1:it is not, or this PostgreSQL may lose what it acknowledges",
      "64:wrong usage",
      "66:a file of acknowledgements is not there, or is none",
      "69:the database is unavailable, or refuses",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb audit",
      "  holdfast cmdb audit --acks acks-1.txt acks-2.txt",
      "",
      "Looked at: every acknowledgement is in the ledger once; every record equals the",
      "fold of its reports by its rules; every version is in the history once; tokens",
      "never fall; every key belongs to the machine whose reports state it. It reads",
      "one snapshot: others may ingest meanwhile.",
      "",
      "JSON: clean, lost (null: cannot be promised), machines, reports,",
      "acknowledgements, byOlderRules, wrong, lostReports, findings, notDurable."
    })
final class AuditCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(
      names = "--acks",
      arity = "1..*",
      paramLabel = "FILE",
      description = "What \"ingest --acks\" has witnessed outside the database")
  private List<Path> acks = new ArrayList<>();

  @Option(names = "--json", description = "One line of JSON")
  private boolean json;

  @Override
  public Integer call() {
    try (Witnesses witnesses = Witnesses.open(acks)) {
      Audit.Result result = Reading.at(place, database -> Audit.of(database, witnesses.iterator()));
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(Screen.json(json(result)));
      } else {
        print(result, out);
      }
      out.flush();
      return isPromised(result) && result.isClean() ? 0 : CmdbException.NO;
    }
  }

  /** Files of acknowledgements, one after the other. */
  private static final class Witnesses implements AutoCloseable {
    private final List<BufferedReader> readers = new ArrayList<>();
    private final List<Path> files;

    private Witnesses(List<Path> files) {
      this.files = files;
    }

    static Witnesses open(List<Path> files) {
      Witnesses witnesses = new Witnesses(files);
      for (Path file : files) {
        try {
          if (!Files.exists(file) || Files.isDirectory(file)) {
            throw new IOException("no such file");
          }
          witnesses.readers.add(Files.newBufferedReader(file, ISO_8859_1));
        } catch (IOException e) {
          witnesses.close();
          throw new CmdbException(
              CmdbException.NO_INPUT, "--acks: cannot read " + file + ": " + AckFile.reason(e));
        }
      }
      return witnesses;
    }

    Iterator<String> iterator() {
      List<Iterator<String>> each = new ArrayList<>();
      for (int i = 0; i < readers.size(); i++) {
        each.add(AckFile.read(readers.get(i), files.get(i)));
      }
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          each.removeIf(file -> !file.hasNext());
          return !each.isEmpty();
        }

        @Override
        public String next() {
          return each.get(0).next();
        }
      };
    }

    @Override
    public void close() {
      for (BufferedReader reader : readers) {
        try {
          reader.close();
        } catch (IOException e) {
          // It was read only.
        }
      }
    }
  }

  private static boolean isPromised(Audit.Result result) {
    return result.notDurable().isEmpty();
  }

  private static void print(Audit.Result result, PrintWriter out) {
    line(out, "machines", result.machines(), "");
    line(out, "reports", result.reports(), "in the ledger");
    line(out, "acknowledgements", result.witnessed(), "looked up in it");
    if (result.byOlderRules() > 0) {
      line(out, "by older rules", result.byOlderRules(), "the next ingest makes them anew");
    }
    line(out, "wrong", result.wrong(), "");
    result.findings().forEach(each -> out.println("  " + Screen.plain(each)));
    if (result.wrong() > result.findings().size()) {
      out.println("  and " + (result.wrong() - result.findings().size()) + " more");
    }
    if (isPromised(result) || !result.lost().isEmpty()) {
      out.println("lost: " + result.lost().size());
    }
    if (!isPromised(result)) {
      out.println(
          "that nothing is lost cannot be promised: "
              + String.join(", ", result.notDurable())
              + " off,");
      out.println("so this PostgreSQL may lose what it acknowledges when the power fails");
    }
  }

  private static void line(PrintWriter out, String what, long number, String about) {
    String line = String.format(Locale.ROOT, "%-16s %,12d  %s", what, number, about);
    out.println(line.stripTrailing());
  }

  private static ObjectNode json(Audit.Result result) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("clean", result.isClean() && isPromised(result));
    if (isPromised(result) || !result.lost().isEmpty()) {
      node.put("lost", result.lost().size());
    } else {
      node.putNull("lost");
    }
    node.put("machines", result.machines());
    node.put("reports", result.reports());
    node.put("acknowledgements", result.witnessed());
    node.put("byOlderRules", result.byOlderRules());
    node.put("wrong", result.wrong());
    ArrayNode lost = node.putArray("lostReports");
    result.lost().forEach(lost::add);
    ArrayNode findings = node.putArray("findings");
    result.findings().forEach(findings::add);
    ArrayNode notDurable = node.putArray("notDurable");
    result.notDurable().forEach(notDurable::add);
    return node;
  }
}
