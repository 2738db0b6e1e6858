package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.holdfast.embedded.EmbeddedEtcd;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The locks of a CMDB move from one store to another, and its fences stay where they are. */
class FleetMoveTest {

  @TempDir private Path folder;

  @Test
  void fencesOfAFleetAcceptWhoeverMovesFromRedisToEtcdAndBack() throws Exception {
    assumeTrue(EmbeddedEtcd.isInstalled(), "SKIPPED: there is no etcd on PATH");
    try (EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start();
        EmbeddedRedis redis = EmbeddedRedis.start();
        EmbeddedEtcd etcd = EmbeddedEtcd.start()) {
      String database = postgres.jdbcUrl();
      long fence = 0;
      int hour = 0;
      for (String store : List.of(redis.url(), etcd.url(), redis.url(), etcd.url(), redis.url())) {
        ingest(database, store, hour++);
        long next = fence(database);
        assertThat(next).as("after a report under " + store).isGreaterThan(fence);
        fence = next;
      }
      CommandLineRun audit = CommandLineRun.of("cmdb", "audit", "--db", database, "--json");
      assertThat(audit.exitCode()).as(audit.out() + audit.err()).isZero();
      assertThat(audit.out()).contains("\"reports\":5");
    }
  }

  private void ingest(String database, String store, int hour) throws Exception {
    Path report = folder.resolve("report.jsonl");
    Files.writeString(
        report,
        """
        {"source":"a","observedAt":"2026-11-20T%02d:00:00Z","keys":{"serial":"s1"},\
        "attributes":{"note":"%d"}}
        """
            .formatted(hour, hour));
    CommandLineRun run =
        CommandLineRun.of(
            "cmdb", "ingest", "--db", database, "--store", store, "--json", report.toString());
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
  }

  private static long fence(String database) throws SQLException {
    try (Connection connection = DriverManager.getConnection(database);
        Statement query = connection.createStatement();
        ResultSet row = query.executeQuery("SELECT max(fence), count(*) FROM machine")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getLong(2)).isEqualTo(1);
      return row.getLong(1);
    }
  }
}
