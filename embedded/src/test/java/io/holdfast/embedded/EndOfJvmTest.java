package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever way a JVM ends, its servers and their folders end with it. */
class EndOfJvmTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final String NOBODY = "65534";

  @ParameterizedTest
  @ValueSource(strings = {"redis", "postgresql"})
  void sigkillOfTheJvmEndsTheServer(String kind) throws Exception {
    try (Child jvm = Child.start(List.of(), System.getProperty("java.class.path"), kind)) {
      jvm.process.destroyForcibly();
      jvm.awaitNothingLeft();
    }
  }

  @Tag("slow")
  @Test
  void sigkillOfTheJvmEndsMariaDb() throws Exception {
    sigkillOfTheJvmEndsTheServer("mariadb");
  }

  @Test
  void sigtermOfTheJvmEndsTheServer() throws Exception {
    try (Child jvm = Child.start(List.of(), System.getProperty("java.class.path"), "redis")) {
      jvm.process.destroy();
      jvm.awaitNothingLeft();
    }
  }

  @Test
  void returnFromMainWithoutClosingEndsTheServer() throws Exception {
    try (Child jvm = Child.start(List.of(), System.getProperty("java.class.path"), "redis")) {
      jvm.process.getOutputStream().close();
      jvm.awaitNothingLeft();
      assertThat(jvm.process.exitValue()).isZero();
    }
  }

  @Test
  void pausedServerEndsWithTheJvmToo() throws Exception {
    try (Child jvm = Child.start(List.of(), System.getProperty("java.class.path"), "postgresql")) {
      new ProcessBuilder("sh", "-c", "kill -STOP " + jvm.server.pid()).start().waitFor();
      jvm.process.destroyForcibly();
      jvm.awaitNothingLeft();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis", "postgresql"})
  @Tag("slow")
  void anOrdinaryUserCanStartIt(String kind, @TempDir Path temp) throws Exception {
    if (!Integer.valueOf(0).equals(Files.getAttribute(temp, "unix:uid"))) {
      abort("not root, so all tests here ran as an ordinary user");
    }
    Path setpriv =
        OnPath.find("setpriv").orElseGet(() -> abort("no setpriv to become an ordinary user"));
    Path home = Files.createDirectory(temp.resolve("home"));
    Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> become =
        List.of(
            setpriv.toString(), "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");
    try (Child jvm = Child.start(become, copyOfClassPath(temp), kind, "-Duser.home=" + home)) {
      assertThat(Files.getAttribute(jvm.folder, "unix:uid")).isEqualTo(Integer.valueOf(NOBODY));
      jvm.process.destroyForcibly();
      jvm.awaitNothingLeft();
    }
  }

  @Tag("slow")
  @Test
  void anOrdinaryUserCanStartMariaDb(@TempDir Path temp) throws Exception {
    anOrdinaryUserCanStartIt("mariadb", temp);
  }

  /** The build's own may lie where only its user may read. */
  private static String copyOfClassPath(Path temp) throws IOException, InterruptedException {
    List<String> copies = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path copy = temp.resolve(copies.size() + "-" + Path.of(entry).getFileName());
      assertThat(new ProcessBuilder("cp", "-r", entry, copy.toString()).start().waitFor()).isZero();
      copies.add(copy.toString());
    }
    String all = temp.toString();
    assertThat(new ProcessBuilder("chmod", "-R", "a+rX", all).start().waitFor()).isZero();
    return String.join(File.pathSeparator, copies);
  }

  /** A JVM with one server, started and known. */
  private static final class Child implements AutoCloseable {

    final Process process;
    final ProcessHandle server;
    final Path folder;

    private Child(Process process, ProcessHandle server, Path folder) {
      this.process = process;
      this.server = server;
      this.folder = folder;
    }

    static Child start(List<String> become, String classPath, String kind, String... options)
        throws IOException {
      List<String> command = new ArrayList<>(become);
      command.add(JAVA.toString());
      command.add("-XX:-UsePerfData"); // a killed JVM would leave its file in the temporary folder
      command.addAll(List.of(options));
      command.addAll(List.of("-cp", classPath, JvmWithServer.class.getName(), kind));
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try {
        BufferedReader out =
            new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        String line = out.readLine();
        assertThat(line).as("what the child JVM says").isNotNull();
        String[] pidAndFolder = line.split(" ", 2);
        ProcessHandle server = ProcessHandle.of(Long.parseLong(pidAndFolder[0])).orElseThrow();
        Path folder = Path.of(pidAndFolder[1]);
        assertThat(folder).isDirectory();
        return new Child(process, server, folder);
      } catch (RuntimeException | IOException | AssertionError e) {
        process.destroyForcibly();
        throw e;
      }
    }

    void awaitNothingLeft() throws InterruptedException {
      assertThat(process.waitFor(LIMIT.toSeconds(), SECONDS)).isTrue();
      await().atMost(LIMIT).until(() -> !server.isAlive());
      await().atMost(LIMIT).until(() -> Files.notExists(folder));
      await().atMost(LIMIT).until(() -> EmbeddedRedisTest.processesNaming(folder).isEmpty());
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
