package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.holdfast.embedded.EmbeddedEtcd;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code run} as a user has it: JVMs of their own, a real Redis. What commands do is seen in a log
 * that they append to: a file of one host has one order, so nothing here depends on a stopwatch.
 */
class RunTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  /** Shell functions for commands. A loop of beats does not end by itself. */
  private static final String SHELL =
      "say() { echo \"$1\" >> log; }; beats() { while :; do say \"$1\"; sleep 0.01; done; }; ";

  private static EmbeddedRedis redis;
  private static RawRedis console;

  @TempDir private Path folder;
  private final List<CliProcess> started = new ArrayList<>();
  private String name;

  @BeforeAll
  static void startServer() throws IOException {
    redis = EmbeddedRedis.start();
    console = new RawRedis(redis.port());
  }

  @AfterAll
  static void stopServer() throws IOException {
    console.close();
    redis.close();
  }

  @BeforeEach
  void nameTheLock() throws IOException {
    name = UUID.randomUUID().toString();
    Files.createFile(folder.resolve("log"));
  }

  @AfterEach
  void endAll() {
    started.forEach(CliProcess::close);
    // Else it would write into a folder that is being removed.
    awaitThatNothingRuns();
  }

  @Test
  void exitsWithTheCommandsOwnCodeAndFreesTheLock() throws Exception {
    CliProcess run = run("--", "sh", "-c", "exit 7");

    assertThat(run.exitCode()).isEqualTo(7);
    assertThat(run.errLines()).isEmpty();
    assertThat(isHeld()).isFalse();
  }

  @Test
  void exitsWith128AndTheSignalThatEndedTheCommand() throws Exception {
    assertThat(run("--", "sh", "-c", "kill -KILL $$").exitCode()).isEqualTo(137);
  }

  @Test
  void givesTheCommandStdinNameTokenAndArgumentsAsTheyAre() throws Exception {
    String script = "cat; echo $HOLDFAST_NAME; echo $HOLDFAST_TOKEN; printf '%s\n' \"$@\"";
    long before = System.currentTimeMillis();
    CliProcess run = run("--", "sh", "-c", script, "sh", "$HOME *", "@log", "--wait", "--");
    run.writeStdin("from stdin\n");

    assertThat(run.exitCode()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines).startsWith("from stdin", name).endsWith("$HOME *", "@log", "--wait", "--");
    assertThat(Long.parseLong(lines.get(2))).isGreaterThanOrEqualTo(before * 1000);
  }

  @Test
  void aCommandThatCannotBeExecutedTakesNoLock() throws Exception {
    Path script = program("script", "#!/no/such/interpreter\n");

    CliProcess text = run("--", folder + "/log");
    CliProcess nothing = run("--", "./no-such-command");
    assertThat(text.exitCode()).isEqualTo(126);
    assertThat(text.errLines()).singleElement().asString().startsWith("holdfast: not executable");
    assertThat(nothing.exitCode()).isEqualTo(127);
    assertThat(nothing.errLines()).singleElement().asString().startsWith("holdfast: command not");
    assertThat(console.tell("KEYS *" + name + "*")).isEqualTo("*0");
    // That can be seen only by trying.
    assertThat(run("--", script.toString()).exitCode()).isEqualTo(127);
    assertThat(isHeld()).isFalse();
  }

  @Test
  void aKeptLockIsRefusedToTheNext() throws Exception {
    assertThat(run("--keep", "1h", "--", "true").exitCode()).isZero();
    CliProcess next = run("--wait", "100ms", "--", "sh", "-c", "echo ran");

    assertThat(next.exitCode()).isEqualTo(75);
    assertThat(next.out()).isEmpty();
    assertThat(next.errLines()).singleElement().asString().contains(name);
  }

  @Test
  void aKeyOfAnotherTypeIsRefusedAtOnce() throws Exception {
    console.tell("LPUSH " + key() + " x");
    CliProcess run = run("--wait", "1h", "--", "true");

    assertThat(run.exitCode()).isEqualTo(69);
    assertThat(run.errLines()).singleElement().asString().startsWith("holdfast: ");
  }

  @Test
  void passesIntHupAndTermOnToTheCommand() throws Exception {
    CliProcess run =
        shell("trap 'say int' INT; trap 'say hup' HUP; trap 'say bye; exit 3' TERM; beats on");
    awaitLine("on");
    run.signal("INT");
    awaitLine("int");
    run.signal("HUP");
    awaitLine("hup");
    run.signal("TERM");

    assertThat(run.exitCode()).isEqualTo(3);
    // The command's shell tells of signals, too.
    assertThat(run.errLines()).noneMatch(line -> line.startsWith("holdfast"));
    assertThat(lines()).endsWith("bye");
    assertThat(isHeld()).isFalse();
  }

  @Test
  void aSignalEndsTheWaitForTheLock() throws Exception {
    CliProcess holder = shell("beats holder");
    awaitLine("holder");
    CliProcess waiter = run("--wait", "1h", "--", "true");
    // Only the waiter asks while the holder's lease is young.
    awaitScriptCalls(scriptCalls() + 2);
    waiter.signal("INT");

    assertThat(waiter.exitCode()).isEqualTo(130);
    assertThat(waiter.errLines()).isEmpty();
    assertThat(holder.handle().isAlive()).isTrue();
  }

  @Test
  void aStopOfTheRunnerIsIgnoredBecauseItsLeaseWouldEnd() throws Exception {
    CliProcess run = shell("say on; while ! grep -q off log; do sleep 0.01; done");
    awaitLine("on");
    run.signal("TSTP");
    await().atMost(SOON).until(() -> !run.errLines().isEmpty());
    say("off");

    assertThat(run.exitCode()).isZero();
    assertThat(run.errLines()).singleElement().asString().contains("stopped");
  }

  @Test
  void anEndedLeaseIsTermAtOnceAndKillAfterTheGrace() throws Exception {
    CliProcess run =
        shell("trap 'say term' TERM; beats on", "--lease", "1500ms", "--grace", "500ms");
    awaitLine("on");
    console.tell("DEL " + key());

    assertThat(run.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", run.errLines())).contains(name, "the store has ended the lease");
    assertThatTermWasFollowedByBeatsThatEnded();
  }

  @Test
  void theEndOfALeaseByTheStoreIsNotLearntOnlyWhenItWouldHaveEndedAnyway() throws Exception {
    CliProcess run =
        shell("trap 'say term; exit 0' TERM; beats on", "--lease", "12s", "--grace", "100ms");
    awaitLine("on");
    console.tell("DEL " + key());
    console.tell("SET lease-of-" + name + " x PX 10000");
    // A renewal hears of it, 4 s after the grant.
    awaitLine("term");

    assertThat(console.tell("EXISTS lease-of-" + name)).isEqualTo(":1");
    assertThat(run.exitCode()).isEqualTo(76);
  }

  @Test
  void aLossThatIsSeenOnlyAtTheReleaseIsALoss() throws Exception {
    CliProcess run = shell("say on; while ! grep -q off log; do sleep 0.01; done");
    awaitLine("on");
    console.tell("DEL " + key());
    say("off");

    assertThat(run.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", run.errLines())).contains(name);
  }

  @Test
  void whatTheCommandLeftBehindIsKilledWhenTheLeaseIsLost() throws Exception {
    CliProcess run =
        shell("(trap '' TERM; beats left) & wait", "--lease", "1500ms", "--grace", "500ms");
    awaitLine("left");
    console.tell("DEL " + key());

    assertThat(run.exitCode()).isEqualTo(76);
    awaitThatNothingRuns();
  }

  @Test
  void aStderrThatNobodyReadsDelaysNothing() throws Exception {
    String script = SHELL + "(while :; do echo more >&2; done) & beats on";
    String[] words =
        withName("--lease=1500ms", "--grace=500ms", "--", "sh", "-c", script, marker());
    CliProcess run = CliProcess.startUnread(folder, withStore(Map.of()), words);
    started.add(run);
    awaitLine("on");
    console.tell("DEL " + key());

    awaitThatNothingRuns();
  }

  @Test
  void aFrozenServerIsTermBeforeTheLeaseEndsAndKillWhenItDoes() throws Exception {
    try (EmbeddedRedis frozen = EmbeddedRedis.start()) {
      CliProcess run =
          shell(
              "trap 'say term' TERM; beats on",
              "--store=" + frozen.url(),
              "--lease=1500ms",
              "--grace=500ms");
      awaitLine("on");
      frozen.pause();

      assertThat(run.exitCode()).isEqualTo(76);
      assertThat(String.join(" ", run.errLines())).contains(name, "the lease could not be renewed");
      assertThatTermWasFollowedByBeatsThatEnded();
    }
  }

  @Test
  void aCommandWhoseLeaseIsNotRenewedHasEndedBeforeTheNextBegins() throws Exception {
    console.tell("ACL SETUSER first on >hunter2 ~* &* +@all");
    CliProcess first =
        shell(
            "trap 'say term' TERM; beats first",
            "--store=redis://first:hunter2@127.0.0.1:" + redis.port(),
            "--lease=2s",
            "--grace=600ms");
    awaitLine("first");
    shell("say second; beats second", "--wait=1h", "--lease=1s");
    awaitScriptCalls(scriptCalls() + 4);
    console.tell("ACL SETUSER first -@all");
    awaitLine("second");

    assertThat(first.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", first.errLines())).doesNotContain("hunter2");
    assertThat(lines()).contains("term");
    assertThatNoneIsAfter("second", "first", "term");
  }

  @Test
  void aKilledRunnersCommandAndItsChildrenHaveEndedBeforeTheNextBegins() throws Exception {
    CliProcess first = shell("beats child & beats first", "--lease=1s");
    awaitLine("first");
    awaitLine("child");
    shell("say second; beats second", "--wait=1h", "--lease=1s");
    awaitScriptCalls(scriptCalls() + 4);
    first.signal("KILL");
    awaitLine("second");

    assertThatNoneIsAfter("second", "first", "child");
  }

  @Test
  void aCommandDiesWithItsRunnerEvenWithoutItsKeeper() throws Exception {
    CliProcess run = shell("beats on");
    awaitLine("on");
    List<ProcessHandle> keepers =
        run.handle().children().filter(child -> !isCommand(child)).toList();
    assertThat(keepers).hasSize(1);
    CliProcess.signal("KILL", keepers.get(0).pid());
    run.signal("KILL");

    awaitThatNothingRuns();
  }

  @Test
  void aCommandIsStoppedEvenWithoutItsKeeper() throws Exception {
    CliProcess run = shell("(beats child) & beats on", "--lease", "1500ms", "--grace", "500ms");
    awaitLine("child");
    run.handle()
        .children()
        .filter(child -> !isCommand(child))
        .forEach(ProcessHandle::destroyForcibly);
    console.tell("DEL " + key());

    assertThat(run.exitCode()).isEqualTo(76);
    awaitThatNothingRuns();
  }

  @Test
  void withoutUtilLinuxItSaysSoAndStopsWhatItFinds() throws Exception {
    Path programs = Files.createDirectory(folder.resolve("bin"));
    for (String program : List.of("sh", "true", "sleep")) {
      String script = "#!/bin/sh\nexec " + onPath(program) + " \"$@\"\n";
      program("bin/" + program, script);
    }
    CliProcess run =
        start(
            Map.of("PATH", programs.toString()),
            "--lease=1500ms",
            "--grace=500ms",
            "--",
            "sh",
            "-c",
            SHELL + "trap 'say term' TERM; (beats child) & beats on",
            marker());
    awaitLine("on");
    awaitLine("child");
    console.tell("DEL " + key());

    assertThat(run.exitCode()).isEqualTo(76);
    assertThat(run.errLines()).first().asString().contains("warning", "setsid");
    awaitThatNothingRuns();
  }

  private CliProcess shell(String script, String... options) throws IOException {
    return run(
        Stream.concat(Stream.of(options), Stream.of("--", "sh", "-c", SHELL + script, marker()))
            .toArray(String[]::new));
  }

  /** Options, the dashes, the command; the lock's name goes between. */
  private CliProcess run(String... words) throws IOException {
    return start(Map.of(), words);
  }

  private CliProcess start(Map<String, String> variables, String... words) throws IOException {
    CliProcess process = CliProcess.start(folder, withStore(variables), withName(words));
    started.add(process);
    return process;
  }

  private static Map<String, String> withStore(Map<String, String> variables) {
    Map<String, String> all = new HashMap<>(variables);
    all.put("HOLDFAST_STORE", redis.url());
    return all;
  }

  private String[] withName(String... words) {
    List<String> args = new ArrayList<>(List.of(words));
    args.add(args.indexOf("--"), name);
    args.add(0, "run");
    return args.toArray(String[]::new);
  }

  private boolean isHeld() {
    return console.tell("EXISTS " + key()).equals(":1");
  }

  private String key() {
    return "lock_" + name;
  }

  private List<String> lines() throws IOException {
    return Files.readAllLines(folder.resolve("log"));
  }

  private void say(String line) throws IOException {
    Files.writeString(folder.resolve("log"), line + "\n", StandardOpenOption.APPEND);
  }

  private void awaitLine(String line) {
    await().atMost(SOON).until(() -> lines().contains(line));
  }

  private static long scriptCalls() {
    return console
        .tell("INFO commandstats")
        .lines()
        .filter(line -> line.matches("cmdstat_(eval|evalsha|fcall):.*"))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
        .sum();
  }

  private static void awaitScriptCalls(long count) {
    await().atMost(SOON).until(() -> scriptCalls() >= count);
  }

  /** The name of the shell of each command, and of all that it starts without another program. */
  private String marker() {
    return "command-of-" + name;
  }

  private boolean isCommand(ProcessHandle process) {
    String[] words = process.info().arguments().orElse(new String[0]);
    return words.length > 0 && words[words.length - 1].equals(marker());
  }

  private void awaitThatNothingRuns() {
    await()
        .atMost(SOON)
        .until(
            () ->
                ProcessHandle.allProcesses()
                    .filter(this::isCommand)
                    .filter(process -> !isRunner(process))
                    .findAny()
                    .isEmpty());
  }

  private boolean isRunner(ProcessHandle process) {
    return started.stream().anyMatch(runner -> runner.handle().equals(process));
  }

  private void assertThatTermWasFollowedByBeatsThatEnded() throws IOException {
    awaitThatNothingRuns();
    assertThat(lines()).containsOnlyOnce("term").endsWith("on");
  }

  private void assertThatNoneIsAfter(String start, String... lines) throws IOException {
    List<String> all = lines();
    assertThat(all.subList(all.indexOf(start), all.size())).doesNotContain(lines);
  }

  private Path program(String file, String text) throws IOException {
    Path program = Files.writeString(folder.resolve(file), text);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  private static Path onPath(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void keepingOnAStoreThatDoesNotKeepIsWrongUsageAndNothingRuns() {
    assumeTrue(EmbeddedEtcd.isInstalled(), "SKIPPED: there is no etcd on PATH");
    try (EmbeddedEtcd etcd = EmbeddedEtcd.start()) {
      CommandLineRun keeping =
          CommandLineRun.of("run", "--store=" + etcd.url(), "--keep=5s", "a", "--", "false");

      assertThat(keeping.exitCode()).isEqualTo(64);
      assertThat(keeping.err()).startsWith("holdfast: --keep: this store (etcd) keeps no lock");
    }
  }
}
