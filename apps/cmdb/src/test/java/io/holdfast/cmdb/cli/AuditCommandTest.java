package io.holdfast.cmdb.cli;

import static io.holdfast.cmdb.cli.Machines.report;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.store.Ack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The audit of a good database, and of databases in each of which one thing was broken. */
class AuditCommandTest {

  private static final List<String> TABLES =
      List.of(
          "machine",
          "identity_key",
          "weak_claim",
          "weak_home",
          "report",
          "history",
          "rule_set",
          "rules_in_force");

  @SuppressWarnings("NullAway.Init")
  private static Machines machines;

  @SuppressWarnings("NullAway.Init")
  private static List<Ack> acks;

  @TempDir Path folder = Path.of("");

  @BeforeAll
  static void begin() throws Exception {
    machines = Machines.start();
    acks =
        machines.ingest(
            report(
                "facter",
                "20",
                "'serial':'A-1','hostname':'host-a'",
                "'os.version':'1','rack':'x'"),
            report("glpi", "19", "'serial':'A-1'", "'os.version':'2'"),
            report("facter", "10", "'serial':'A-1'", "'os.version':'0'"),
            report("facter", "12", "'uuid':'join-a'", "'note':'a'"),
            report("facter", "12", "'agentId':'join-b'", "'note':'b'"),
            report("glpi", "13", "'uuid':'join-a','agentId':'join-b'", "'note':'c'"),
            report("zabbix", "14", "'mac':'525400009999'", "'note':'weak'"),
            report("zabbix", "14", "'hostname':'host-a'", "'note':'guest'"));
    for (String table : TABLES) {
      machines.sql("CREATE TABLE kept_" + table + " AS TABLE " + table);
    }
  }

  @AfterAll
  static void end() throws Exception {
    machines.close();
  }

  @AfterEach
  void putBack() throws Exception {
    StringBuilder all = new StringBuilder();
    for (int i = TABLES.size() - 1; i >= 0; i--) {
      all.append("DELETE FROM ").append(TABLES.get(i)).append(';');
    }
    for (String table : TABLES) {
      all.append("INSERT INTO ").append(table).append(" TABLE kept_").append(table).append(';');
    }
    machines.sql(all.toString()); // in one transaction
  }

  private static Answer audit(String... args) {
    String[] all = new String[args.length + 3];
    all[0] = "audit";
    all[1] = "--db";
    all[2] = machines.url();
    System.arraycopy(args, 0, all, 3, args.length);
    return Answer.of(all);
  }

  private Path acksFile(String name, String... lines) throws Exception {
    return Files.writeString(folder.resolve(name), String.join("\n", lines) + "\n");
  }

  private static String[] ids() {
    return acks.stream().map(ack -> ack.report().id()).toArray(String[]::new);
  }

  @Test
  void goodDatabaseIsCleanAndNothingIsLost() throws Exception {
    Answer answer =
        audit("--acks", acksFile("1", ids()).toString(), acksFile("2", ids()).toString());
    assertThat(answer.out())
        .isEqualTo(
            """
            machines                    3
            reports                     8  in the ledger
            acknowledgements           16  looked up in it
            wrong                       0
            lost: 0
            """);
    assertThat(answer.exitCode()).isZero();
    JsonNode node = audit("--json").json();
    assertThat(node.path("clean").booleanValue()).isTrue();
    assertThat(node.path("lost").intValue()).isZero();
  }

  private static Arguments broken(String sql, String finding, int lost) {
    return Arguments.of(sql, finding, lost);
  }

  /** What is broken; $0 is the id of the first report, @0 the machine it belongs to. */
  static Stream<Arguments> breakages() {
    return Stream.of(
        // the ledger
        broken("DELETE FROM report WHERE id = '$0'", "report $0, which machine @0 took in", 1),
        broken("DELETE FROM report WHERE id = '$2'", "report $2, which machine @0 took in", 1),
        broken("DELETE FROM report WHERE machine_id = '@0'", "machine @0 has no report", 4),
        broken(
            "UPDATE report SET body = replace(body, '\"x\"', '\"y\"')", "@0: report $0 is not", 1),
        broken("UPDATE report SET body = 'garbage' WHERE id = '$0'", "machine @0: ", 1),
        broken("UPDATE report SET source = 'ec2' WHERE id = '$1'", "@0: report $1 is not", 1),
        broken(
            "UPDATE report SET observed_at = observed_at + interval '1 s' WHERE id = '$0'",
            "@0: report $0 is not",
            1),
        broken("UPDATE report SET machine_id = '@3' WHERE id = '$0'", "from machine @3", 1),
        broken(
            "UPDATE report SET machine_id = 'none' WHERE id = '$0'", "belongs to machine none", 0),
        broken("UPDATE report SET version = 99 WHERE id = '$0'", "report $0 is in no version", 0),
        broken("UPDATE report SET version = 2 WHERE id = '$0'", "report $0 is in no version", 0),
        // what the machines know
        broken(
            "UPDATE machine SET state = replace(state, '$0', repeat('0', 32)) WHERE id = '@0'",
            "report $0 is in the ledger and lost from machine @0",
            1),
        broken("UPDATE machine SET state = '{}' WHERE id = '@0'", "lost from machine @0", 3),
        broken("UPDATE machine SET state = 'garbage' WHERE id = '@0'", "state of machine @0", 3),
        broken(
            "UPDATE machine SET state = replace(state, '\"glpi\":{\"heard\":1', '\"glpi\":{\"heard\":2')",
            "says what no report says",
            0),
        broken(
            "UPDATE machine SET record = record || '{\"rack\": \"y\"}' WHERE id = '@0'",
            "record of machine @0",
            0),
        broken("UPDATE machine SET record = record - 'rack'", "record of machine @0", 0),
        broken("UPDATE machine SET record = '[]' WHERE id = '@0'", "record of machine @0", 0),
        broken("UPDATE machine SET conflicts = 7 WHERE id = '@0'", "@0 counts its conflicts", 0),
        broken("UPDATE machine SET rules = 'none' WHERE id = '@0'", "record of machine @0", 0),
        broken("DELETE FROM machine WHERE id = '@0'", "machine @0, which is not there", 0),
        broken(
            "UPDATE machine SET merged_into = '@3' WHERE id = '@0'", "machine @0 is a redirect", 0),
        broken(
            "UPDATE machine SET merged_into = 'none' WHERE merged_into > ''", "merged into one", 0),
        broken("UPDATE machine SET merged_into = id WHERE merged_into > ''", "merged into one", 0),
        // versions and tokens
        broken(
            "UPDATE machine SET fence = fence - 1 WHERE id = '@0'",
            "machine @0: the last token",
            0),
        broken("UPDATE machine SET created = 1 WHERE id = '@0'", "machine @0: the first token", 0),
        broken("UPDATE machine SET version = 9 WHERE id = '@0'", "machine @0: versions are", 0),
        broken("DELETE FROM history WHERE machine_id = '@0'", "machine @0: no history", 0),
        broken(
            "DELETE FROM history WHERE machine_id = '@0' AND version = 2",
            "machine @0: versions are missing",
            0),
        broken(
            "DELETE FROM history WHERE machine_id = '@0' AND version = 1",
            "report $0 is in no version",
            0),
        broken(
            "UPDATE history SET fence = fence + 9999999999999 WHERE machine_id = '@0' AND version = 2",
            "machine @0: a token falls",
            0),
        broken("UPDATE history SET reports = '{}'", "report $0 is in no version", 0),
        broken(
            "INSERT INTO history SELECT 'none', version, fence, at, cause, '{}', diff FROM history"
                + " WHERE machine_id = '@0' AND version = 1",
            "machine none: history of a machine that is not there",
            0),
        // keys
        broken(
            "DELETE FROM identity_key WHERE value = 'a-1'", "machine @0 and its reports differ", 0),
        broken(
            "UPDATE identity_key SET machine_id = '@3' WHERE value = 'a-1'",
            "machine @3 and its reports differ in serial:a-1",
            0),
        broken(
            "UPDATE identity_key SET machine_id = 'none' WHERE value = 'a-1'",
            "belongs to machine none",
            0),
        broken("UPDATE identity_key SET kind = 'odd' WHERE value = 'a-1'", "no kind: odd", 0),
        broken("INSERT INTO identity_key VALUES ('uuid', 'new', '@0')", "@0 and its reports", 0),
        broken("INSERT INTO weak_claim VALUES ('mac', '525400000001', '@0')", "@0 and its", 0),
        broken("DELETE FROM weak_claim", "machine @0 and its reports differ in hostname:host-a", 0),
        broken(
            "INSERT INTO weak_claim VALUES ('hostname', 'host-a', '@3')",
            "reports by hostname:host-a",
            0),
        broken(
            "UPDATE weak_home SET machine_id = '@3'", "reports by mac:525400009999 are with @3", 0),
        broken("DELETE FROM weak_home", "report $6 is not with the machine of mac:52540000", 0));
  }

  static Stream<Arguments> everyThird() {
    List<Arguments> all = breakages().toList();
    return IntStream.range(0, all.size()).filter(i -> i % 3 == 0).mapToObj(all::get);
  }

  @ParameterizedTest
  @MethodSource("everyThird")
  void whatIsBrokenIsFound(String sql, String finding, int lost) throws Exception {
    whateverIsBrokenIsFound(sql, finding, lost);
  }

  @ParameterizedTest
  @MethodSource("breakages")
  @Tag("slow")
  void whateverIsBrokenIsFound(String sql, String finding, int lost) throws Exception {
    assertThat(machines.sql(named(sql))).as("something is changed").isPositive();
    Answer answer = audit();
    assertThat(answer.exitCode()).as(answer.err()).isEqualTo(1);
    assertThat(answer.out()).contains(named(finding)).endsWith("lost: " + lost + "\n");
    JsonNode node = audit("--json").json();
    assertThat(node.path("clean").booleanValue()).isFalse();
    assertThat(node.path("wrong").intValue()).isPositive();
    assertThat(node.path("lostReports")).hasSize(lost);
  }

  private static String named(String text) {
    String named = text;
    for (int i = 0; i < acks.size(); i++) {
      named = named.replace("$" + i, acks.get(i).report().id());
      // the machine as it is in the end
      named = named.replace("@" + i, acks.get(i == 3 ? 5 : i).machineId());
    }
    return named;
  }

  // --- Acknowledgements ---

  @Test
  void acknowledgementThatIsNotInTheLedgerIsLost() throws Exception {
    String nobody = "0".repeat(32);
    Answer answer =
        audit(
            "--acks",
            acksFile("good", ids()).toString(),
            acksFile("bad", ids()[0], nobody).toString());
    assertThat(answer.exitCode()).isEqualTo(1);
    assertThat(answer.out())
        .contains("report " + nobody + " was acknowledged and is not in the ledger")
        .endsWith("lost: 1\n");
  }

  @Test
  void lineThatWasNotWrittenWholeIsNoAcknowledgement() throws Exception {
    Path file = Files.writeString(folder.resolve("torn"), ids()[0] + "\n0000");
    assertThat(audit("--acks", file.toString()).out()).contains("acknowledgements            1 ");
    try (AckFile again = AckFile.appendTo(file)) {
      again.write(List.of(ids()[1]));
    }
    Answer answer = audit("--acks", file.toString());
    assertThat(answer.exitCode()).as(answer.out()).isZero();
    assertThat(answer.out()).contains("acknowledgements            2 ");
  }

  @Test
  void fileThatIsNotThereOrIsNoneOfThemIsOneLine() throws Exception {
    Path other = Files.writeString(folder.resolve("other"), "something else\n");
    Path longer = Files.writeString(folder.resolve("longer"), "a".repeat(100));
    for (Path file : List.of(folder.resolve("absent"), folder, other, longer)) {
      Answer answer = audit("--acks", file.toString());
      assertThat(answer.exitCode()).isEqualTo(66);
      assertThat(answer.out()).isEmpty();
      assertThat(answer.err().lines()).hasSize(1);
    }
  }

  @Test
  void emptyFileWitnessesNothing() throws Exception {
    Path file = Files.writeString(folder.resolve("empty"), "");
    assertThat(audit("--acks", file.toString()).exitCode()).isZero();
  }

  // --- Durability ---

  private static void alterDatabase(String how) throws Exception {
    machines.sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I " + how + "', current_database()); END $$");
  }

  @Test
  void whereTheServerMayForgetNothingIsPromised() throws Exception {
    alterDatabase("SET synchronous_commit = off");
    Answer answer = audit();
    JsonNode node = audit("--json").json();
    machines.sql("DELETE FROM report WHERE id = '" + ids()[0] + "'");
    Answer withLoss = audit();
    alterDatabase("RESET synchronous_commit");
    assertThat(answer.exitCode()).isEqualTo(1);
    assertThat(answer.out())
        .doesNotContain("lost: ")
        .contains("cannot be promised: synchronous_commit off");
    assertThat(node.path("lost").isNull()).isTrue();
    assertThat(node.path("clean").booleanValue()).isFalse();
    assertThat(withLoss.out()).contains("lost: 1", "cannot be promised");
  }
}
