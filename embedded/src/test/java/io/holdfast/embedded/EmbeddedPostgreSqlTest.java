package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

class EmbeddedPostgreSqlTest {

  @Test
  void startedServerIsDurableOpensByItsPasswordAloneAndClosingLeavesNothing() throws Exception {
    long pid;
    Path folder;
    String url;
    try (EmbeddedPostgreSql database = EmbeddedPostgreSql.start()) {
      pid = database.pid();
      folder = database.folder();
      url = database.jdbcUrl();
      assertThat(ask(url, "show server_version")).startsWith("18.");
      assertThat(ask(url, "show fsync")).isEqualTo("on");
      assertThat(ask(url, "show synchronous_commit")).isEqualTo("on");
      assertThat(ask(url, "show full_page_writes")).isEqualTo("on");
      assertThat(ask(url, "show listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(ask(url, "show port")).isEqualTo(Integer.toString(database.port()));
      assertThat(ask(url, "show server_encoding")).isEqualTo("UTF8");
      assertThat(folder.resolve("password")).doesNotExist();
      assertThat(ask(url, "select rolpassword from pg_authid where rolname = 'postgres'"))
          .as("older drivers log in, too")
          .startsWith("SCRAM-SHA-256$4096:");
      String wrong = url.replaceFirst("password=.*", "password=postgres");
      assertThatThrownBy(() -> ask(wrong, "select 1"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
      assertThat(database.toString())
          .isEqualTo("EmbeddedPostgreSql[127.0.0.1:" + database.port() + "]");
    }
    assertThat(ProcessHandle.of(pid)).isEmpty();
    assertThat(folder).doesNotExist();
    assertThat(EmbeddedRedisTest.processesNaming(folder)).isEmpty();
    assertThatThrownBy(() -> ask(url, "select 1")).isInstanceOf(SQLException.class);
  }

  @Test
  void killedServerComesBackWithItsSettingsAndWhatWasCommitted() throws Exception {
    try (EmbeddedPostgreSql database =
        EmbeddedPostgreSql.builder()
            .setting("log_min_messages", "warning") // overrules a default
            .setting("max_connections", "7")
            .setting("scram_iterations", "1")
            .start()) {
      String url = database.jdbcUrl();
      assertThat(ask(url, "select rolpassword from pg_authid where rolname = 'postgres'"))
          .startsWith("SCRAM-SHA-256$1:");
      assertThat(ask(url, "show log_min_messages")).isEqualTo("warning");
      assertThat(ask(url, "show max_connections")).isEqualTo("7");
      long before = database.pid();
      try (Connection connection = connect(url);
          Statement statement = connection.createStatement()) {
        statement.execute("create table kept (id int)");
        statement.execute("insert into kept values (7)");
        connection.setAutoCommit(false);
        statement.execute("insert into kept values (8)");
        database.kill();
        assertThat(database.isRunning()).isFalse();
        assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
      } catch (SQLException closingABrokenConnection) {
        assertThat(closingABrokenConnection.getSQLState()).startsWith("08");
      }
      database.restart();
      assertThat(database.jdbcUrl()).isEqualTo(url);
      assertThat(database.pid()).isNotEqualTo(before);
      assertThat(ask(url, "select string_agg(id::text, ',') from kept")).isEqualTo("7");
      assertThat(ask(url, "show log_min_messages")).isEqualTo("warning");
      database.restart(); // also while it runs
      assertThat(ask(url, "select count(*) from kept")).isEqualTo("1");
    }
  }

  @Test
  void killedServerLeavesNothingEither() throws IOException {
    EmbeddedPostgreSql database = EmbeddedPostgreSql.start();
    Path folder = database.folder();
    String sharedMemory =
        Files.readAllLines(folder.resolve("data/postmaster.pid")).get(6).strip().split(" +", 2)[1];
    assertThat(sharedMemoryIds()).contains(sharedMemory);
    database.kill();
    database.close();
    database.close();
    assertThat(folder).doesNotExist();
    assertThat(EmbeddedRedisTest.processesNaming(folder)).isEmpty();
    assertThat(sharedMemoryIds()).doesNotContain(sharedMemory);
    assertThatThrownBy(database::restart).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void settingThatPostgreSqlRefusesIsQuotedInOneLine() {
    assertThatThrownBy(() -> EmbeddedPostgreSql.builder().setting("no_such_thing", "1").start())
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("no_such_thing")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> EmbeddedPostgreSql.builder().setting("a=b", "1"))
        .isInstanceOf(IllegalArgumentException.class);
    EmbeddedRedisTest.awaitNoChild();
  }

  @Test
  @Tag("slow")
  void programsAreUnpackedOnceAndCompletelyOrNotAtAll(@TempDir Path temp) throws IOException {
    Path cache = temp.resolve("cache/holdfast");
    Path first = PostgreSqlBinaries.find(temp, Optional.of(cache));
    assertThat(first).hasParent(cache);
    assertThat(first.resolve("bin/postgres")).isExecutable();
    assertThat(first.resolve("bin/initdb")).isExecutable();
    assertThat(Files.isSymbolicLink(first.resolve("lib/libpq.so.5"))).isTrue();

    Path marker = Files.createFile(first.resolve("marker"));
    assertThat(PostgreSqlBinaries.find(temp, Optional.of(cache))).isEqualTo(first);
    assertThat(marker).exists();
    try (Stream<Path> entries = Files.list(cache)) {
      assertThat(entries).containsExactly(first);
    }
  }

  @Test
  @Tag("slow")
  void whereNoCacheCanBeWrittenTheProgramsGoToTheServersFolder(@TempDir Path temp)
      throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    Path own = PostgreSqlBinaries.find(temp, Optional.of(file.resolve("holdfast")));
    assertThat(own).hasParent(temp);
    assertThat(own.resolve("bin/postgres")).isExecutable();
  }

  private static List<String> sharedMemoryIds() throws IOException {
    return Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
        .map(line -> line.strip().split(" +", 3)[1])
        .toList();
  }

  private static Connection connect(String url) throws SQLException {
    PGSimpleDataSource database = new PGSimpleDataSource();
    database.setUrl(url);
    return database.getConnection();
  }

  static String ask(String url, String sql) throws SQLException {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }
}
