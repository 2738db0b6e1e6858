package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mariadb.jdbc.MariaDbDataSource;

class EmbeddedMariaDbTest {

  @Test
  void startedServerIsDurableOpensByItsPasswordAloneAndClosingLeavesNothing() throws Exception {
    long pid;
    Path folder;
    String url;
    try (EmbeddedMariaDb database = EmbeddedMariaDb.start()) {
      pid = database.pid();
      folder = database.folder();
      url = database.jdbcUrl();
      assertThat(ask(url, "select version()")).contains("MariaDB");
      assertThat(ask(url, "select @@innodb_flush_log_at_trx_commit")).isEqualTo("1");
      assertThat(ask(url, "select @@bind_address")).isEqualTo("127.0.0.1");
      assertThat(ask(url, "select @@port")).isEqualTo(Integer.toString(database.port()));
      assertThat(ask(url, "select @@character_set_server")).isEqualTo("utf8mb4");
      assertThat(ask(url, "select database()")).isEqualTo("holdfast");
      assertThat(ask(url, "select group_concat(user, '@', host order by user) from mysql.user"))
          .isEqualTo("mariadb.sys@localhost,root@127.0.0.1");
      assertThat(folder.resolve("users.sql")).doesNotExist();
      for (String other : List.of("user=root&password=root", "user=root", "user=")) {
        assertThatThrownBy(() -> ask(url.replaceFirst("user=.*", other), "select 1"))
            .isInstanceOf(SQLInvalidAuthorizationSpecException.class);
      }
      assertThat(database.toString())
          .isEqualTo("EmbeddedMariaDb[127.0.0.1:" + database.port() + "]");
    }
    assertThat(ProcessHandle.of(pid)).isEmpty();
    assertThat(folder).doesNotExist();
    assertThat(EmbeddedRedisTest.processesNaming(folder)).isEmpty();
    assertThatThrownBy(() -> ask(url, "select 1")).isInstanceOf(SQLException.class);
  }

  @Tag("slow")
  @Test
  void killedServerComesBackWithWhatWasCommitted() throws Exception {
    try (EmbeddedMariaDb database = EmbeddedMariaDb.start()) {
      String url = database.jdbcUrl();
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
      }
      database.restart();
      assertThat(database.jdbcUrl()).isEqualTo(url);
      assertThat(database.pid()).isNotEqualTo(before);
      assertThat(ask(url, "select group_concat(id) from kept")).isEqualTo("7");
      database.restart(); // also while it runs
      assertThat(ask(url, "select count(*) from kept")).isEqualTo("1");
    }
  }

  @Tag("slow")
  @Test
  void killedServerLeavesNothingEither() throws IOException {
    EmbeddedMariaDb database = EmbeddedMariaDb.start();
    Path folder = database.folder();
    database.pause();
    database.kill();
    database.close();
    database.close();
    assertThat(folder).doesNotExist();
    assertThat(EmbeddedRedisTest.processesNaming(folder)).isEmpty();
    assertThatThrownBy(database::restart).isInstanceOf(IllegalStateException.class);
  }

  @Tag("slow")
  @Test
  void settingsOverruleTheDefaults() throws Exception {
    try (EmbeddedMariaDb database =
        EmbeddedMariaDb.builder()
            .setting("innodb_flush_log_at_trx_commit", "2")
            .setting("max-connections", "17")
            .start()) {
      assertThat(ask(database.jdbcUrl(), "select @@innodb_flush_log_at_trx_commit")).isEqualTo("2");
      assertThat(ask(database.jdbcUrl(), "select @@max_connections")).isEqualTo("17");
    }
  }

  @Tag("slow")
  @Test
  void settingThatMariaDbRefusesIsQuotedInOneLine() {
    assertThatThrownBy(() -> EmbeddedMariaDb.builder().setting("no-such-thing", "1").start())
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("no-such-thing")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> EmbeddedMariaDb.builder().setting("a=b", "1"))
        .isInstanceOf(IllegalArgumentException.class);
    EmbeddedRedisTest.awaitNoChild();
  }

  @Tag("slow")
  @Test
  void programsAreUnpackedToTheServersFolderWhereThereIsNoCache(@TempDir Path temp)
      throws Exception {
    MariaDbPrograms programs = MariaDbPrograms.bundled(temp, Optional.empty());
    assertThat(programs.server()).isExecutable().startsWith(temp);
    assertThat(programs.installer()).isExecutable();
    Path base = Path.of(programs.base().get(0).replaceFirst("--basedir=", ""));
    assertThat(programs.server()).isEqualTo(base.resolve("bin/mariadbd"));
    assertThat(base.resolve("share/english/errmsg.sys")).exists();
    assertThat(base.resolve("bin/mariadb-dump")).as("a client, not needed").doesNotExist();
  }

  private static Connection connect(String url) throws SQLException {
    return new MariaDbDataSource(url).getConnection();
  }

  private static String ask(String url, String sql) throws SQLException {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }
}
