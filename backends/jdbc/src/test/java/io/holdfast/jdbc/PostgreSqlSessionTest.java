package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.sql.Statement;

class PostgreSqlSessionTest extends SessionTest {

  PostgreSqlSessionTest() {
    super(
        SessionServer.of(
            EmbeddedPostgreSql.builder()
                .setting("shared_preload_libraries", "pg_stat_statements")
                .start()),
        1);
    server().database().run("create extension pg_stat_statements");
  }

  @Override
  long statements() {
    return Long.parseLong(
        server()
            .database()
            .rows(
                "select coalesce(sum(calls), 0) from pg_stat_statements"
                    + " where query like '%holdfast_lock%' and query not like '%pg_stat_statements%'"
                    + " or query like '%pg_advisory_unlock%' or query like '%objsubid%pg_backend_pid%'")
            .get(0));
  }

  @Override
  SessionServer start() {
    return SessionServer.of(EmbeddedPostgreSql.start());
  }

  @Override
  void lockTable(Statement plain) throws Exception {
    plain.execute("begin");
    plain.execute("lock table holdfast_lock");
  }
}
