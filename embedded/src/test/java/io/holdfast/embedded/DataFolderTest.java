package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

  @TempDir Path temp;
  private Path folder = Path.of("");

  @BeforeEach
  void folderIsMadeByTheFirstOpen() {
    folder = temp.resolve("a/data of mine");
  }

  private DataFolder open() {
    return DataFolder.open(folder);
  }

  @AfterEach
  void everyoneIsGone() {
    awaitNoProcess();
  }

  @Test
  void dataOutlivesClosingAndServersDoNot() throws Exception {
    String databaseUrl;
    String storeUrl;
    try (DataFolder first = open()) {
      assertThat(first.startedServers()).isTrue();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
          .isEqualTo("rwx------");
      databaseUrl = first.databaseUrl();
      storeUrl = first.storeUrl();
      assertThat(first.toString()).isEqualTo("DataFolder[" + folder.toRealPath() + "]");
      assertThat(EmbeddedPostgreSqlTest.ask(databaseUrl, "show fsync")).isEqualTo("on");
      assertThat(EmbeddedPostgreSqlTest.ask(databaseUrl, "show synchronous_commit"))
          .isEqualTo("on");
      assertThat(EmbeddedPostgreSqlTest.ask(databaseUrl, "show full_page_writes")).isEqualTo("on");
      assertThat(askRedis(storeUrl, "PING")).isEqualTo("+PONG\r\n");
      assertThat(EmbeddedRedisTest.ask(URI.create(storeUrl).getPort(), "PING"))
          .startsWith("-NOAUTH");
      keep(databaseUrl, 7);
      first.close();
      first.close();
      assertThat(isDatabase(first.databasePid())).isFalse();
      assertThat(PidFile.worksIn(folder, first.storePid())).isFalse();
      assertThat(folder.resolve("data/postmaster.pid")).doesNotExist(); // an orderly end
    }
    try (DataFolder again = open()) {
      assertThat(again.startedServers()).isTrue();
      assertThat(again.databaseUrl()).isEqualTo(databaseUrl);
      assertThat(again.storeUrl()).isEqualTo(storeUrl);
      assertThat(kept(again)).isEqualTo("7");
    }
  }

  @Test
  void lastUserOfOneJvmStopsTheServers() throws Exception {
    DataFolder first = open();
    try (DataFolder second = open()) {
      assertThat(second.startedServers()).isFalse();
      assertThat(second.databasePid()).isEqualTo(first.databasePid());
      assertThat(second.storePid()).isEqualTo(first.storePid());
      first.close();
      first.close();
      assertThat(ask(second)).isEqualTo("1");
      Thread.currentThread().interrupt();
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(isDatabase(first.databasePid())).isFalse();
  }

  @Test
  void twoJvmsShareTheServersAndEitherMayBeKilledFirst() throws Exception {
    try (DataFolder mine = open();
        Jvm other = Jvm.start(folder)) {
      assertThat(other.databasePid).isEqualTo(mine.databasePid());
      assertThat(other.storePid).isEqualTo(mine.storePid());
      other.kill();
      assertThat(ask(mine)).isEqualTo("1");
      assertThat(askRedis(mine.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
    }
    try (Jvm starter = Jvm.start(folder);
        DataFolder mine = open()) {
      assertThat(mine.databasePid()).isEqualTo(starter.databasePid);
      starter.kill();
      keep(mine.databaseUrl(), 7);
      assertThat(askRedis(mine.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
      mine.close();
      assertThat(folder.resolve("data/postmaster.pid")).doesNotExist();
    }
  }

  @Test
  @Tag("slow")
  void serversEndWithTheLastJvmHoweverItEndsAndTheNextOneWaitsForThat() throws Exception {
    open().close();
    try (Jvm one = Jvm.start(folder);
        Jvm other = Jvm.start(folder)) {
      keep(one.databaseUrl, 7);
      one.kill();
      assertThat(isDatabase(one.databasePid)).isTrue();
      other.kill();
      try (DataFolder next = open()) { // while the killed JVM's servers end
        assertThat(kept(next)).isEqualTo("7");
        assertThat(askRedis(next.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
        assertThat(next.databasePid()).isNotEqualTo(one.databasePid);
      }
    }
    try (Jvm last = Jvm.start(folder)) {
      last.kill();
      awaitNoProcess();
    }
  }

  @Test
  @Tag("slow")
  void jvmsThatOpenAtOnceGetTheSameServers() throws Exception {
    List<CompletableFuture<Jvm>> all =
        List.of(start(folder), start(folder), start(folder)); // the first makes the data
    try (Jvm first = all.get(0).join();
        Jvm second = all.get(1).join();
        Jvm third = all.get(2).join()) {
      assertThat(second.databasePid).isEqualTo(first.databasePid).isEqualTo(third.databasePid);
      assertThat(second.storePid).isEqualTo(first.storePid).isEqualTo(third.storePid);
    }
  }

  @Test
  @Tag("slow")
  void everythingKilledComesBackWithTheDataAndNoForeignProcessIsTouched() throws Exception {
    Process foreign = new ProcessBuilder("sleep", "600").start();
    try {
      try (Jvm killed = Jvm.start(folder)) {
        keep(killed.databaseUrl, 7);
        kill(PidFile.numberIn(folder.resolve("keeper")).orElseThrow());
        kill(killed.storePid);
        kill(killed.databasePid);
        killed.kill();
        List<String> pidFile = Files.readAllLines(folder.resolve("data/postmaster.pid"));
        pidFile.set(0, Long.toString(foreign.pid()));
        Files.write(folder.resolve("data/postmaster.pid"), pidFile);
        Files.writeString(folder.resolve("redis.pid"), foreign.pid() + "\n");
        Files.writeString(folder.resolve("keeper"), foreign.pid() + " word\n");
      }
      try (DataFolder next = open()) {
        assertThat(next.startedServers()).isTrue();
        assertThat(kept(next)).isEqualTo("7");
        assertThat(askRedis(next.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
      }
      assertThat(foreign.isAlive()).isTrue();
    } finally {
      foreign.destroyForcibly();
    }
  }

  @Test
  @Tag("slow")
  void deadServerAndDeadKeeperAreReplacedForTheOthersToo() throws Exception {
    try (DataFolder mine = open()) {
      keep(mine.databaseUrl(), 7);
      kill(mine.storePid());
      kill(PidFile.numberIn(folder.resolve("keeper")).orElseThrow());
      try (Jvm other = Jvm.start(folder)) {
        assertThat(other.databasePid).isEqualTo(mine.databasePid());
        assertThat(other.storePid).isNotEqualTo(mine.storePid());
        assertThat(askRedis(mine.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
      }
      kill(mine.databasePid());
      try (DataFolder next = open()) {
        assertThat(next.startedServers()).isTrue();
        assertThat(kept(mine)).isEqualTo("7");
      }
      assertThat(kept(mine)).isEqualTo("7");
    }
  }

  @Test
  @Tag("slow")
  void takenPortIsLeftToTheOtherWhereNobodyElseUsesTheFolder() throws Exception {
    open().close();
    Access before = Access.of(folder.toRealPath());
    try (ServerSocket other = new ServerSocket()) {
      other.bind(new InetSocketAddress(FreePort.loopback(), before.redisPort()));
      try (DataFolder mine = open()) {
        int port = URI.create(mine.storeUrl()).getPort();
        assertThat(port).isNotEqualTo(before.redisPort());
        assertThat(askRedis(mine.storeUrl(), "PING")).isEqualTo("+PONG\r\n");
        kill(mine.storePid());
        await().atMost(LIMIT).until(() -> !PidFile.worksIn(folder, mine.storePid()));
        try (ServerSocket taken = new ServerSocket()) {
          taken.bind(new InetSocketAddress(FreePort.loopback(), port));
          assertThatThrownBy(this::open)
              .isInstanceOf(EmbeddedServerException.class)
              .hasMessageContaining("another program took port " + port)
              .hasMessageNotContaining("\n");
        }
      }
    }
  }

  @Test
  void folderThatCannotBeUsedIsAnErrorOfOneLine() throws Exception {
    Path file = Files.createFile(temp.resolve("file"));
    assertThatThrownBy(() -> DataFolder.open(file))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessage("data folder " + file + " cannot be used: it is a file; name a folder");
    assertThatThrownBy(() -> DataFolder.open(file.resolve("below")))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("cannot be used")
        .hasMessageNotContaining("\n");
    Path shared = Files.createDirectory(temp.resolve("shared"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createFile(shared.resolve("of others"));
    assertThatThrownBy(() -> DataFolder.open(shared))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("chmod 700");
    assertThat(shared).isDirectoryNotContaining("glob:**gate");
    Path older = Files.createDirectories(temp.resolve("older"));
    Files.createDirectory(older.resolve("data"));
    Files.setPosixFilePermissions(older, PosixFilePermissions.fromString("rwx------"));
    Files.writeString(older.resolve("access"), "secret\n15001\n15002\n");
    Files.writeString(older.resolve("data/PG_VERSION"), "17\n");
    assertThatThrownBy(() -> DataFolder.open(older))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("written by PostgreSQL 17, and the bundled one is 18")
        .hasMessageNotContaining("\n");
    folder = older;
    awaitNoProcess(); // Redis, which had started, ended
    Files.delete(older.resolve("access"));
    assertThatThrownBy(() -> DataFolder.open(older)).hasMessageContaining("access is missing");
  }

  @Test
  @Tag("slow")
  void folderInUseByAnotherContainerIsRefused() throws Exception {
    try (Jvm other = Jvm.start(folder)) {
      Files.writeString(folder.resolve("gate"), "  another boot, or another container");
      assertThatThrownBy(this::open)
          .isInstanceOf(EmbeddedServerException.class)
          .hasMessageContaining("another container or host is using it");
      assertThat(EmbeddedPostgreSqlTest.ask(other.databaseUrl, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void interruptedOpenFailsAndLeavesNoServer() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(this::open).isInstanceOf(EmbeddedServerException.class);
    assertThat(Thread.interrupted()).isTrue();
    awaitNoProcess();
    open().close();
  }

  @Test
  void keeperSignalsOnlyWhatWorksInItsFolder() throws Exception {
    Process foreign = new ProcessBuilder("sleep", "600").start();
    Path own = Files.createDirectory(temp.resolve("own"));
    Process server = new ProcessBuilder("sleep", "600").directory(own.toFile()).start();
    try {
      Keeper keeper = Keeper.ofOwn(own);
      keeper.tell("server " + foreign.pid() + " TERM");
      keeper.tell("server " + server.pid() + " TERM");
      keeper.leave();
      keeper.awaitEnd();
      assertThat(foreign.isAlive()).isTrue();
      assertThat(server.waitFor(LIMIT.toSeconds(), SECONDS)).isTrue();
      assertThat(own).doesNotExist();
    } finally {
      foreign.destroyForcibly();
      server.destroyForcibly();
    }
  }

  /** Not so if it has ended and only this JVM, whose child it was, has not taken note. */
  private boolean isDatabase(long pid) {
    return PidFile.worksIn(folder.resolve("data"), pid);
  }

  private void awaitNoProcess() {
    await().atMost(LIMIT).until(() -> EmbeddedRedisTest.processesNaming(folder).isEmpty());
  }

  private static void keep(String databaseUrl, int value) throws Exception {
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      statement.execute("create table kept (id int)");
      statement.execute("insert into kept values (" + value + ")");
    }
  }

  private static String kept(DataFolder data) throws Exception {
    return EmbeddedPostgreSqlTest.ask(
        data.databaseUrl(), "select string_agg(id::text, ',') from kept");
  }

  private static String ask(DataFolder data) throws Exception {
    return EmbeddedPostgreSqlTest.ask(data.databaseUrl(), "select 1");
  }

  private static void kill(long pid) {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().join();
  }

  private static String askRedis(String url, String command) throws IOException {
    URI uri = URI.create(url);
    String password = uri.getUserInfo().substring(1);
    String answer = EmbeddedRedisTest.ask(uri.getPort(), "AUTH " + password + "\r\n" + command);
    assertThat(answer).startsWith("+OK\r\n");
    return answer.substring("+OK\r\n".length());
  }

  private static CompletableFuture<Jvm> start(Path folder) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return Jvm.start(folder);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** A JVM that has the folder open. */
  private record Jvm(Process process, long storePid, long databasePid, String databaseUrl)
      implements AutoCloseable {

    static Jvm start(Path folder) throws IOException {
      Process process =
          new ProcessBuilder(
                  JAVA.toString(),
                  "-XX:-UsePerfData",
                  "-cp",
                  System.getProperty("java.class.path"),
                  JvmWithServer.class.getName(),
                  "folder",
                  folder.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader out =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
      String line = out.readLine();
      assertThat(line).as("what the child JVM says").isNotNull();
      String[] told = line.split(" ", 3);
      return new Jvm(process, Long.parseLong(told[0]), Long.parseLong(told[1]), told[2]);
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(LIMIT.toSeconds(), SECONDS)).isTrue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
