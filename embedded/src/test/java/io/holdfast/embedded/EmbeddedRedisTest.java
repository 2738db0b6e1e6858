package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedRedisTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Test
  void startedServerAnswersAndClosingLeavesNothing() throws IOException {
    long pid;
    int port;
    Path folder;
    try (EmbeddedRedis redis = EmbeddedRedis.start()) {
      pid = redis.pid();
      port = redis.port();
      folder = redis.folder();
      assertThat(redis.url()).isEqualTo("redis://127.0.0.1:" + port);
      assertThat(ask(port, "PING")).isEqualTo("+PONG\r\n");
      assertThat(ask(port, "INFO server")).contains("process_id:" + pid + "\r\n");
      assertThat(folder).isDirectory();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
          .isEqualTo("rwx------");
      redis.close();
      assertThat(redis.isRunning()).isFalse();
    }
    assertThat(ProcessHandle.of(pid)).isEmpty();
    assertThat(folder).doesNotExist();
    assertThatThrownBy(() -> ask(port, "PING")).isInstanceOf(IOException.class);
    assertThat(processesNaming(folder)).isEmpty();
  }

  @Test
  void serverEvictsNothingAndStoresNothingOnDisk() throws IOException {
    try (EmbeddedRedis redis = EmbeddedRedis.start()) {
      assertThat(ask(redis.port(), "CONFIG GET maxmemory-policy")).contains("noeviction");
      assertThat(ask(redis.port(), "CONFIG GET appendonly")).contains("\r\nno\r\n");
      assertThat(ask(redis.port(), "CONFIG GET save")).endsWith("$0\r\n\r\n");
      assertThat(ask(redis.port(), "CONFIG GET bind")).contains("127.0.0.1");
    }
  }

  @Test
  void serversOfOneProcessDoNotMeet() throws IOException {
    try (EmbeddedRedis one = EmbeddedRedis.start();
        EmbeddedRedis other = EmbeddedRedis.start()) {
      assertThat(one.port()).isNotEqualTo(other.port());
      ask(one.port(), "SET here 1");
      assertThat(ask(other.port(), "EXISTS here")).isEqualTo(":0\r\n");
    }
  }

  @Test
  void configurationLinesOverruleTheDefaults() throws IOException {
    try (EmbeddedRedis redis =
        EmbeddedRedis.builder()
            .config("maxmemory 10mb")
            .config("maxmemory-policy allkeys-lru")
            .config("user app on >secret ~app:* +get")
            .start()) {
      assertThat(ask(redis.port(), "CONFIG GET maxmemory-policy")).contains("allkeys-lru");
      assertThat(ask(redis.port(), "AUTH app secret")).isEqualTo("+OK\r\n");
    }
  }

  @Test
  void passwordIsRequiredAndPartOfTheUrlAlone() throws IOException {
    try (EmbeddedRedis redis = EmbeddedRedis.builder().password("a b\"\\@%/é").start()) {
      assertThat(ask(redis.port(), "PING")).startsWith("-NOAUTH");
      assertThat(ask(redis.port(), "AUTH wrong")).startsWith("-WRONGPASS");
      assertThat(ask(redis.port(), "AUTH \"a b\\\"\\\\@%/é\"")).isEqualTo("+OK\r\n");
      assertThat(redis.url())
          .isEqualTo("redis://:a%20b%22%5C%40%25%2F%C3%A9@127.0.0.1:" + redis.port());
      assertThat(redis.toString()).isEqualTo("EmbeddedRedis[127.0.0.1:" + redis.port() + "]");
      redis.restart();
      assertThat(ask(redis.port(), "PING")).startsWith("-NOAUTH");
    }
  }

  @Test
  void pausedServerIsSilentAndResumedServerAnswersWhatItWasAsked() throws IOException {
    try (EmbeddedRedis redis = EmbeddedRedis.start();
        Socket socket = connect(redis.port())) {
      redis.pause();
      assertThat(redis.isRunning()).isTrue();
      socket.setSoTimeout(300);
      socket.getOutputStream().write("PING\r\n".getBytes(UTF_8));
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      redis.resume();
      socket.setSoTimeout((int) LIMIT.toMillis());
      assertThat(new String(socket.getInputStream().readNBytes(7), UTF_8)).isEqualTo("+PONG\r\n");
    }
  }

  @Test
  void pausedServerCanBeKilledAndClosed() {
    try (EmbeddedRedis redis = EmbeddedRedis.start()) {
      redis.pause();
      redis.kill();
      assertThat(redis.isRunning()).isFalse();
    }
    EmbeddedRedis paused = EmbeddedRedis.start();
    long pid = paused.pid();
    paused.pause();
    paused.close();
    assertThat(ProcessHandle.of(pid)).isEmpty();
  }

  @Test
  void restartedServerHasItsPortAndNothingElse() throws IOException {
    try (EmbeddedRedis redis = EmbeddedRedis.start()) {
      long before = redis.pid();
      int port = redis.port();
      ask(port, "SET here 1");
      redis.kill();
      assertThatThrownBy(() -> ask(port, "PING")).isInstanceOf(IOException.class);
      redis.restart();
      assertThat(redis.port()).isEqualTo(port);
      assertThat(redis.pid()).isNotEqualTo(before);
      assertThat(ask(port, "EXISTS here")).isEqualTo(":0\r\n");
      redis.restart(); // also while it runs
      assertThat(ask(port, "PING")).isEqualTo("+PONG\r\n");
    }
  }

  @Test
  void closedServerCannotBeUsedAgain() {
    EmbeddedRedis redis = EmbeddedRedis.start();
    redis.close();
    redis.close();
    assertThatThrownBy(redis::restart).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(redis::pause).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void programThatCannotRunIsAnErrorOfOneLineAndLeavesNothing(@TempDir Path temp)
      throws IOException {
    Path missing = temp.resolve("no-such-server");
    assertThatThrownBy(() -> EmbeddedRedis.builder().binary(missing).start())
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("redis-server ended at once")
        .hasMessageContaining("no-such-server")
        .hasMessageNotContaining("\n");

    Path broken = temp.resolve("broken");
    Files.writeString(
        broken, "#!/bin/sh\npwd >" + temp + "/folder\necho no libssl.so.3\necho two\nexit 127\n");
    Files.setPosixFilePermissions(broken, PosixFilePermissions.fromString("rwx------"));
    assertThatThrownBy(() -> EmbeddedRedis.builder().binary(broken).start())
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessage("redis-server ended at once with exit code 127: no libssl.so.3 | two");
    assertThat(Path.of(Files.readString(temp.resolve("folder")).strip()))
        .isAbsolute()
        .doesNotExist();
    awaitNoChild();
  }

  @Test
  void configurationThatRedisRefusesIsQuoted() {
    assertThatThrownBy(() -> EmbeddedRedis.builder().config("no-such-directive 1").start())
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("no-such-directive 1");
  }

  @Test
  void interruptedStartFailsAndKeepsTheFlag() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(EmbeddedRedis::start)
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    awaitNoChild();
  }

  @Test
  void controlCharactersAndEmptyPasswordsAreRefused() {
    EmbeddedRedis.Builder builder = EmbeddedRedis.builder();
    assertThatThrownBy(() -> builder.config("a 1\nb 2"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.password("a\r\nb"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("a\r\nb");
    assertThatThrownBy(() -> builder.password("")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bundledProgramRuns(@TempDir Path temp) throws IOException {
    Path program = RedisBinary.bundled(temp);
    try (EmbeddedRedis redis = EmbeddedRedis.builder().binary(program).start()) {
      assertThat(ask(redis.port(), "INFO server")).contains("redis_version:6.2.");
    }
  }

  @Test
  void serverThatDiedByItselfIsNotRunning() {
    try (EmbeddedRedis redis = EmbeddedRedis.start()) {
      assertThatThrownBy(() -> askAndExpectAnswer(redis.port(), "SHUTDOWN NOSAVE"))
          .isInstanceOf(IOException.class);
      await().atMost(LIMIT).until(() -> !redis.isRunning());
    }
  }

  static Socket connect(int port) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(FreePort.loopback(), port), (int) LIMIT.toMillis());
      socket.setSoTimeout((int) LIMIT.toMillis());
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  static String ask(int port, String command) throws IOException {
    try (Socket socket = connect(port)) {
      socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(UTF_8));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      return answer.substring(0, Math.max(0, answer.length() - "+OK\r\n".length()));
    }
  }

  private static void askAndExpectAnswer(int port, String command) throws IOException {
    if (ask(port, command).isEmpty()) {
      throw new IOException("the connection ended");
    }
  }

  /** Those that other tests have killed may not be gone yet; what is left stays. */
  static void awaitNoChild() {
    await().atMost(LIMIT).until(() -> ProcessHandle.current().children().findAny().isEmpty());
  }

  /** Processes, keepers included, whose command line names the folder (Linux; elsewhere none). */
  static List<String> processesNaming(Path folder) throws IOException {
    List<String> found = new ArrayList<>();
    if (!Files.isDirectory(Path.of("/proc/self"))) {
      return found;
    }
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path commandLine = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      try {
        String command = Files.readString(commandLine, ISO_8859_1);
        if (command.contains(folder.toString())) {
          found.add(command.replace('\0', ' '));
        }
      } catch (IOException ended) {
        // It is not ours: ours are gone before this is asked.
      }
    }
    return found;
  }
}
