package io.holdfast.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Locks;
import io.holdfast.embedded.EmbeddedPostgreSql;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class ReadmeTest {

  private static final Path ROOT = Path.of("..");
  private static final Pattern JAVA = Pattern.compile("(?s)```java\n(.*?)```");

  @Test
  void everyLineOfJavaInTheReadmeIsCompiledHere() throws Exception {
    List<String> blocks =
        JAVA.matcher(Files.readString(ROOT.resolve("README.md")))
            .results()
            .map(MatchResult::group)
            .toList();
    assertThat(blocks).hasSizeGreaterThanOrEqualTo(3);
    String compiled = squeezed(sources());
    for (String block : blocks) {
      for (String part : block.replaceAll("```(java)?", "").split("\n *\\.\\.\\.\n", -1)) {
        assertThat(compiled).contains(squeezed(part));
      }
    }
  }

  private static String sources() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src", "main"))) {
      for (Path file : files.filter(one -> one.toString().endsWith(".java")).toList()) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }

  /** Comments and white space may differ. */
  private static String squeezed(String java) {
    return java.replaceAll("//[^\n]*", "").replaceAll("\\s+", "");
  }

  @Test
  void everythingThatTheReadmeShowsRuns() throws Exception {
    LongAdder lost = new LongAdder();
    try (Locks locks = Usage.configured("memory:readme", lost)) {
      Usage.everything(locks);
      assertThat(locks.tryAcquire("nightly")).as("is kept").isEmpty();
    }
    assertThat(lost.sum()).isZero();
  }

  @Test
  void noPackageIsLostByProcessesThatInstallAtOnce() throws Exception {
    try (EmbeddedPostgreSql server = EmbeddedPostgreSql.start();
        Locks locks = Locks.connect("memory:machines");
        Locks others = Locks.connect("memory:machines")) {
      PGSimpleDataSource database = new PGSimpleDataSource();
      database.setURL(server.jdbcUrl());
      try (Connection connection = database.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute(
            "CREATE TABLE machine (id text PRIMARY KEY, packages text NOT NULL,"
                + " fence bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0)");
        statement.execute("INSERT INTO machine (id, packages) VALUES ('42', '')");
      }
      ExecutorService threads = Executors.newFixedThreadPool(8);
      List<Future<Void>> installing = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Machines machines = new Machines(i % 2 == 0 ? locks : others, database);
        String name = "package-" + i;
        Callable<Void> install =
            () -> {
              machines.install("42", name);
              return null;
            };
        installing.add(threads.submit(install));
      }
      for (Future<Void> one : installing) {
        one.get();
      }
      threads.shutdown();
      try (Connection connection = database.getConnection();
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT packages, version FROM machine")) {
        assertThat(row.next()).isTrue();
        assertThat(row.getString(1).split(" ")).hasSize(100).doesNotHaveDuplicates();
        assertThat(row.getLong(2)).isEqualTo(100);
      }
    }
  }
}
