package io.holdfast.cmdb.cli;

import static io.holdfast.cmdb.cli.Machines.report;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.OneServer;
import io.holdfast.cmdb.report.DeadLetter;
import io.holdfast.cmdb.report.Fault;
import io.holdfast.cmdb.report.Origin;
import io.holdfast.cmdb.store.Ack;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** show, history, list, dead and rules, on one database that nobody changes. */
class ReadingCommandsTest {

  private static final String HOSTILE = "\\u001b[2J\\u009b31m\\u202eevil\\n\\u007f";

  @SuppressWarnings("NullAway.Init")
  private static Machines machines;

  @SuppressWarnings("NullAway.Init")
  private static String web;

  @SuppressWarnings("NullAway.Init")
  private static String joined;

  @SuppressWarnings("NullAway.Init")
  private static String survivor;

  @BeforeAll
  static void begin() throws Exception {
    machines = Machines.start();
    List<Ack> acks =
        machines.ingest(
            report(
                "glpi",
                "01",
                "'serial':'WEB-1','hostname':'shared'",
                "'hostname':'old','os.version':'12.4','rack':'a1','macs':['525400000001']"),
            report(
                "facter",
                "20",
                "'serial':'WEB-1','mac':'52:54:00:00:00:01'",
                "'hostname':'web01','os.name':'Debian','os.version':'12.5','cpu.logical':8,"
                    + "'macs':['525400000001','525400000002'],'rack':{'$deleted':true}"),
            report("redfish", "20", "'serial':'WEB-1'", "'hostname':'bmc-web01'"),
            report("glpi", "10", "'uuid':'join-a'", "'note':'a'"),
            report("glpi", "10", "'agentId':'join-b','hostname':'shared'", "'note':'b'"),
            report("facter", "11", "'uuid':'join-a','agentId':'join-b'", "'note':'c'"),
            report(
                "evil",
                "12",
                "'serial':'EVIL-1'",
                "'hostname':'%s','long':'%s','wide':'%s','%s':1"
                    .formatted(
                        HOSTILE, "x".repeat(60_000), "\ud83d\ude00".repeat(90), "n".repeat(200))),
            report(
                "evil",
                "13",
                "'serial':'EVIL-1'",
                "'hostname':'%s','long':'y'".formatted(HOSTILE + HOSTILE)),
            report(
                "zabbix", "14", "'mac':'525400009999','hostname':'second'", "'hostname':'second'"));
    web = acks.get(0).machineId();
    survivor = acks.get(5).machineId();
    joined =
        survivor.equals(acks.get(3).machineId())
            ? acks.get(4).machineId()
            : acks.get(3).machineId();
    try (Database database = Database.open(machines.url(), 2)) {
      MachineStore.of(database)
          .setAside(
              List.of(
                  new DeadLetter(new Origin("b/two.jsonl", 7), Fault.NOT_JSON, "cut off"),
                  new DeadLetter(new Origin("a\u001b[31m.json", 0), Fault.NO_KEY, "no key"),
                  new DeadLetter(new Origin("b/two.jsonl", 10), Fault.NO_KEY, "none\nat all")));
    }
  }

  @AfterAll
  static void end() throws Exception {
    machines.close();
  }

  private static Answer ask(String... args) {
    String[] all = new String[args.length + 2];
    System.arraycopy(args, 0, all, 0, args.length);
    all[args.length] = "--db";
    all[args.length + 1] = machines.url();
    return Answer.of(all);
  }

  // --- show ---

  @ParameterizedTest
  @ValueSource(strings = {"serial:WEB-1", "SERIAL:web-1", "web-1", "mac:52:54:00:00:00:01"})
  void machineIsFoundByAnyOfItsKeys(String wanted) {
    Answer answer = ask("show", "--json", wanted);
    assertThat(answer.exitCode()).as(answer.err()).isZero();
    assertThat(answer.json().path("id").textValue()).isEqualTo(web);
  }

  @Test
  void machineIsFoundByItsIdAndTheBeginningOfIt() {
    for (String wanted :
        List.of(web, web.substring(0, 6), web.substring(0, 12).toUpperCase(Locale.ROOT))) {
      assertThat(ask("show", wanted).lines().get(0)).isEqualTo("machine    " + web);
    }
  }

  @Test
  void machineWithoutStrongKeyIsFoundByAKeyThatDoesNotStandForItsReports() {
    Answer answer = ask("show", "--json", "hostname:second");
    assertThat(answer.exitCode()).as(answer.err()).isZero();
    assertThat(answer.json().at("/keys/0/value").textValue()).isEqualTo("525400009999");
  }

  @Test
  void eachAttributeIsShownWithWinnerAgeRuleAndLosersWithTheReason() {
    List<String> lines = ask("show", "web-1").lines();
    assertThat(lines)
        .contains(
            "keys       serial:web-1",
            "           mac:525400000001 (weak)",
            "newest     2026-11-20T08:00:00Z is the newest observation; ages count from it",
            "conflicts  1, marked with !",
            "sources    facter               last heard 2026-11-20T08:00:00Z, 0 s old",
            "           glpi                 last heard 2026-11-01T08:00:00Z, 19 d old");
    int at = lines.indexOf(row('!', "hostname", "\"web01\"", "facter", "0 s", "precedence"));
    assertThat(lines.subList(at + 1, at + 5))
        .containsExactly(
            "    - redfish    2026-11-20T08:00:00Z \"bmc-web01\"",
            "      another source comes first",
            "    - glpi       2026-11-01T08:00:00Z \"old\"",
            "      not said again for longer than its source's staleAfter");
    assertThat(lines)
        .contains(
            row(' ', "rack", "none", "facter", "0 s", "latest"),
            row(' ', "os.version", "\"12.5\"", "facter", "0 s", "precedence"));
  }

  private static String row(
      char mark, String name, String value, String source, String age, String rule) {
    return "%c %-22s %-24s %-10s %6s  %s".formatted(mark, name, value, source, age, rule);
  }

  @Test
  void jsonOfAMachineHasEverythingUncut() {
    JsonNode node = ask("show", "web-1", "--json").json();
    assertThat(node.path("version").intValue()).isEqualTo(3);
    assertThat(node.path("conflicts").intValue()).isEqualTo(1);
    assertThat(node.path("newestObservation").textValue()).isEqualTo("2026-11-20T08:00:00Z");
    assertThat(node.at("/attributes/cpu.logical/value").intValue()).isEqualTo(8);
    assertThat(node.at("/attributes/rack/value").isNull()).isTrue();
    JsonNode host = node.at("/attributes/hostname");
    assertThat(host.path("conflict").booleanValue()).isTrue();
    assertThat(host.at("/winners/0/source").textValue()).isEqualTo("facter");
    assertThat(host.at("/rule/strategy").textValue()).isEqualTo("precedence");
    assertThat(host.at("/losers/1/reason").textValue()).isEqualTo("stale");
    assertThat(host.at("/losers/1/ageSeconds").longValue()).isEqualTo(19 * 86_400);

    JsonNode evil = ask("show", "evil-1", "--json").json();
    assertThat(evil.at("/attributes/long/value").textValue()).isEqualTo("y");
    String hostile = "\u001b[2J\u009b31m\u202eevil\n\u007f";
    assertThat(evil.at("/attributes/hostname/value").textValue()).isEqualTo(hostile + hostile);
  }

  @Test
  void whoAsksForARedirectIsToldSo() {
    Answer answer = ask("show", joined);
    assertThat(answer.lines())
        .startsWith(
            "machine    " + survivor, "           " + joined + " turned out to be this one");
    assertThat(ask("show", joined, "--json").json().at("/redirectedFrom/0").textValue())
        .isEqualTo(joined);
    assertThat(ask("history", joined).lines())
        .startsWith("machine " + survivor, "        " + joined + " turned out to be this one");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"000000", "serial:nobody", "nobody", "a", "hostname:localhost", "", "mac:x"})
  void unknownMachineIsOneLineAndTheAnswerNo(String wanted) {
    for (String command : List.of("show", "history")) {
      Answer answer = ask(command, wanted);
      assertThat(answer.exitCode()).isEqualTo(1);
      assertThat(answer.out()).isEmpty();
      assertThat(answer.err().lines()).hasSize(1);
    }
  }

  @Test
  void weakKeyOfSeveralMachinesListsThem() {
    Answer answer = ask("show", "hostname:shared");
    assertThat(answer.exitCode()).isEqualTo(1);
    assertThat(answer.err()).contains("may be 2 machines");
    assertThat(answer.out()).contains(web.substring(0, 12), survivor.substring(0, 12));
    JsonNode list = ask("show", "shared", "--json").json().path("machines");
    assertThat(list.findValuesAsText("id")).containsExactlyInAnyOrder(web, survivor);
  }

  @Test
  void beginningOfSeveralIdsListsThem() throws Exception {
    for (String id : List.of("fffffffffffffffffff1", "fffffffffffffffffff2")) {
      copyOfWeb("'" + id + "'", "NULL", 1);
    }
    Answer answer = ask("show", "ffffffff");
    machines.sql("DELETE FROM machine WHERE id LIKE 'ffffffff%'");
    assertThat(answer.exitCode()).isEqualTo(1);
    assertThat(answer.err()).contains("may be 2 machines");
    assertThat(answer.lines()).hasSize(3);
  }

  @Test
  void redirectsInACircleEndTheSearch() throws Exception {
    List<String> ids = List.of("eeeeeeeeeeeeeeeeeee1", "eeeeeeeeeeeeeeeeeee2");
    for (int i = 0; i < 2; i++) {
      copyOfWeb("'" + ids.get(i) + "'", "'" + ids.get(1 - i) + "'", 1);
    }
    Answer answer = ask("show", "eeeeeeeeeeeeeeeeeee1");
    machines.sql("DELETE FROM machine WHERE id LIKE 'eeeeeeee%'");
    assertThat(answer.exitCode()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"show evil-1", "history evil-1", "list", "dead", "show web-1"})
  void linesFitATerminalAndCannotSteerIt(String line) {
    Answer answer = ask(line.split(" "));
    assertThat(answer.exitCode()).isZero();
    for (String each : answer.lines()) {
      assertThat(each.codePointCount(0, each.length())).isLessThanOrEqualTo(80);
    }
    assertThat(answer.out().replace("\n", "")).doesNotContainPattern("[\\p{Cc}\\p{Cf}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"show evil-1", "history evil-1", "list", "dead"})
  void jsonCannotSteerATerminalEither(String line) {
    Answer answer = ask((line + " --json").split(" "));
    assertThat(answer.out().replace("\n", "")).doesNotContainPattern("[\\p{Cc}\\p{Cf}]");
  }

  // --- history ---

  @Test
  void historyTellsEachVersionNewestFirst() {
    List<String> lines = ask("history", "web-1").lines();
    assertThat(lines.get(2)).startsWith("version 3  ").contains("  reports, 1 report, token ");
    assertThat(lines)
        .contains(
            "  os.version: \"12.4\" -> \"12.5\"",
            "  cpu.logical: none -> 8",
            "  rack: \"a1\" -> none");
    assertThat(lines.stream().filter(line -> line.startsWith("version")))
        .extracting(line -> line.substring(0, 10))
        .containsExactly("version 3 ", "version 2 ", "version 1 ");
  }

  @Test
  void historyEndsAtTheLimitAndSaysSo() {
    List<String> lines = ask("history", "web-1", "--limit", "1").lines();
    assertThat(lines.stream().filter(line -> line.startsWith("version"))).hasSize(1);
    assertThat(lines).endsWith("2 older; --limit shows more");
    JsonNode versions = ask("history", "web-1", "--limit=2", "--json").json().path("versions");
    assertThat(versions).hasSize(2);
    assertThat(versions.at("/1/changes/os.version/before").textValue()).isEqualTo("12.4");
    assertThat(versions.at("/1/reports")).hasSize(1);
  }

  // --- list ---

  @Test
  void listHasALineForEachMachineAndNoneForRedirects() {
    Answer answer = ask("list");
    assertThat(answer.lines()).hasSize(5);
    assertThat(answer.out()).doesNotContain(joined.substring(0, 12));
    assertThat(answer.lines())
        .anyMatch(
            line ->
                line.startsWith(web.substring(0, 12)) && line.endsWith("  3   1    3 2026-11-20"));
    JsonNode first =
        io.holdfast.cmdb.report.Json.parseTrusted(ask("list", "--json").lines().get(0));
    assertThat(first.fieldNames())
        .toIterable()
        .containsExactly(
            "id",
            "hostname",
            "serial",
            "os",
            "sources",
            "conflicts",
            "version",
            "newestObservation",
            "updatedAt");
  }

  @Test
  void listTakesConditions() {
    assertThat(ask("list", "--where", "os.name=Debian").lines()).hasSize(2);
    assertThat(ask("list", "--where=cpu.logical=8", "--where=os.name=Debian").lines()).hasSize(2);
    assertThat(ask("list", "--where=cpu.logical=8", "--where=os.name=SUSE").lines()).hasSize(1);
    assertThat(ask("list", "--where", "macs=525400000002").lines()).hasSize(2);
    assertThat(ask("list", "--where", "no.such=1").lines()).hasSize(1);
    assertThat(ask("list", "--conflicts").lines()).hasSize(3);
    assertThat(ask("list", "--limit", "2").lines()).hasSize(3);
  }

  @Test
  void listOfMoreThanOnePieceIsWhole() throws Exception {
    copyOfWeb("'d' || lpad(n::text, 19, '0')", "NULL", 1200);
    Answer answer = ask("list", "--json");
    machines.sql("DELETE FROM machine WHERE id LIKE 'd0000000000000%'");
    assertThat(answer.lines()).hasSize(1204).doesNotHaveDuplicates();
  }

  // --- dead ---

  @Test
  void deadLettersAreListedByFileAndLine() {
    List<String> lines = ask("dead").lines();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).startsWith("a?[31m.json: no-key: no key (20");
    assertThat(lines.get(1)).startsWith("b/two.jsonl:7: not-json: cut off (");
    assertThat(lines.get(2)).startsWith("b/two.jsonl:10: no-key: none?at all (");
    assertThat(ask("dead", "--category", "no-key").lines()).hasSize(2);
    assertThat(ask("dead", "--limit", "1").lines()).hasSize(1);
    assertThat(ask("dead", "--json", "--category=not-json").json().path("line").intValue())
        .isEqualTo(7);
  }

  // --- rules ---

  @Test
  void rulesInForceArePrintedAsTheirFileHasThem() {
    Answer answer = ask("rules");
    assertThat(answer.out()).isEqualTo(Answer.of("rules", "--default").out());
    assertThat(answer.err()).matches("rules [0-9a-f]{16}, in force, known since .*\\R");
    JsonNode node = ask("rules", "--json").json();
    assertThat(node.at("/rules/attributes/macs/strategy").textValue()).isEqualTo("union");
    assertThat(answer.err()).contains(node.path("id").textValue());
  }

  // --- unhappy ---

  private static void copyOfWeb(String id, String mergedInto, int times) throws Exception {
    machines.sql(
        "INSERT INTO machine SELECT %s, created, %s, rules, record, state, conflicts, fence, version"
                .formatted(id, mergedInto)
            + " FROM machine, generate_series(1, %d) n WHERE id = '%s'".formatted(times, web));
  }

  @Test
  void emptyDatabaseHasNothingAndNothingIsWrong() throws Exception {
    String url = OneServer.newDatabase();
    assertThat(Answer.of("list", "--db", url).lines()).hasSize(1);
    assertThat(Answer.of("list", "--json", "--db", url).out()).isEmpty();
    assertThat(Answer.of("dead", "--db", url).out()).isEmpty();
    assertThat(Answer.of("show", "--db", url, "web-1").exitCode()).isEqualTo(1);
    assertThat(Answer.of("history", "--db", url, "abcdef").exitCode()).isEqualTo(1);
    assertThat(Answer.of("rules", "--db", url).exitCode()).isZero();
    Answer audit = Answer.of("audit", "--db", url);
    assertThat(audit.exitCode()).isZero();
    assertThat(audit.out()).contains("lost: 0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"show x", "history x", "list", "dead", "audit", "rules"})
  void databaseThatIsNotThereIsOneLine(String line) {
    String url = "jdbc:postgresql://127.0.0.1:1/none?user=u&password=hunter2";
    Answer answer = Answer.of((line + " --db " + url).split(" "));
    assertThat(answer.exitCode()).isEqualTo(69);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).doesNotContain("hunter2").doesNotContain("Exception");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "show",
        "show a b",
        "history x --limit 0",
        "history x --limit many",
        "list --where os.name",
        "list --where =x",
        "dead --category odd",
        "rules --default --check f",
        "audit --acks",
        "list --db mysql://x",
      })
  void wrongUsageIsOneLine(String line) {
    Answer answer = Answer.of(line.split(" "));
    assertThat(answer.exitCode()).isEqualTo(64);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines()).hasSize(1);
  }
}
