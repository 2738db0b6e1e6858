package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command line in a JVM of its own. Closing it leaves nothing of it running. */
final class CliProcess implements AutoCloseable {
  private final Process process;
  private final Path out;
  private final Path err;

  private CliProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  static CliProcess start(Path folder, Map<String, String> variables, String... args)
      throws IOException {
    Path err = Files.createTempFile(folder, "err", ".txt");
    return start(folder, err, Redirect.to(err.toFile()), variables, args);
  }

  /** Nobody reads its stderr, so that who writes more than a pipe holds has to wait. */
  static CliProcess startUnread(Path folder, Map<String, String> variables, String... args)
      throws IOException {
    return start(folder, Path.of("/dev/null"), Redirect.PIPE, variables, args);
  }

  private static CliProcess start(
      Path folder, Path err, Redirect toErr, Map<String, String> variables, String... args)
      throws IOException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    List<String> command = new ArrayList<>(UsualSignals.WORDS);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(toErr);
    builder.environment().putAll(variables);
    return new CliProcess(builder.start(), out, err);
  }

  long pid() {
    return process.pid();
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  void writeStdin(String text) throws IOException {
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  void signal(String name) throws IOException, InterruptedException {
    signal(name, pid());
  }

  static void signal(String name, long pid) throws IOException, InterruptedException {
    String script = "kill -s " + name + " " + pid;
    assertThat(new ProcessBuilder("sh", "-c", script).start().waitFor()).isZero();
  }

  int exitCode() throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
    return process.exitValue();
  }

  String out() throws IOException {
    return Files.readString(out);
  }

  List<String> errLines() throws IOException {
    return Files.readAllLines(err);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
