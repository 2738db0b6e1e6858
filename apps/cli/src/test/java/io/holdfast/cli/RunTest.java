package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * {@code run} as a user has it: JVMs of their own, a real Redis. What commands do is seen in a log
 * that they append to: a file of one host has one order, so nothing here depends on a stopwatch.
 *
 * <p>But leases end by the clock. Those here, and the graces, are so long that a process may stand
 * still for many seconds at any moment and nothing comes out differently; only a question to the
 * store has to be answered within its three seconds, or the next try's. So the tests run side by
 * side, four at a time, each with a lock and a folder of its own.
 */
@Execution(ExecutionMode.CONCURRENT)
@TestMethodOrder(OrderAnnotation.class)
class RunTest {
  /** Begun before the others, who are done meanwhile. */
  private static final int LONG = 1;

  private static final Duration SOON = Duration.ofSeconds(60);

  /** A renewal hears within 5 s what became of it. */
  private static final String LEASE_TO_LOSE = "--lease=15s";

  /** Shell functions for commands. A loop of beats does not end by itself. */
  private static final String SHELL =
      "say() { echo \"$1\" >> log; };"
          + " beats() { while :; do say \"$1\"; sleep \"${2:-0.1}\"; done; }; ";

  private static EmbeddedRedis shared;

  @TempDir private Path folder;
  private final List<CliProcess> started = new ArrayList<>();
  private EmbeddedRedis redis;
  private RawRedis console;
  private String name;

  @BeforeAll
  static void startServer() {
    shared = EmbeddedRedis.start();
  }

  @AfterAll
  static void stopServer() {
    shared.close();
  }

  @BeforeEach
  void begin() throws IOException {
    redis = shared;
    console = new RawRedis(redis.port());
    nameTheLock();
  }

  private void nameTheLock() throws IOException {
    name = UUID.randomUUID().toString();
    Files.writeString(folder.resolve("log"), "");
  }

  /** Counts only what this test asks, and may be stopped. */
  private void startOwnServer() throws IOException {
    console.close();
    redis = EmbeddedRedis.start();
    console = new RawRedis(redis.port());
  }

  @AfterEach
  void end() throws IOException {
    try {
      endAll();
    } finally {
      console.close();
      if (redis != shared) {
        redis.close();
      }
    }
  }

  private void endAll() {
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

    CommandLineRun text = runHere(folder + "/log");
    CommandLineRun nothing = runHere("./no-such-command");
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
    CliProcess next = run("--wait", "1s", "--", "sh", "-c", "echo ran");

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
    startOwnServer();
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
  @Tag("slow")
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
  @Order(LONG)
  void anEndedLeaseIsTermAsSoonAsARenewalHearsOfItAndKillAfterTheGrace() throws Exception {
    CliProcess run = shell("trap 'say term' TERM; beats on", "--lease=40s", "--grace=10s");
    awaitLine("on");
    console.tell("DEL " + key());
    // A renewal hears of it 13 s after the grant; TERM comes after 30 s if none does.
    console.tell("SET lease-of-" + name + " x PX 27000");
    awaitLine("term");

    assertThat(console.tell("EXISTS lease-of-" + name)).isEqualTo(":1");
    assertThat(run.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", run.errLines())).contains(name, "the store has ended the lease");
    assertThatTermWasFollowedByBeatsThatEnded();
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
    CliProcess run = shell("(trap '' TERM; beats left) & wait", LEASE_TO_LOSE, "--grace", "500ms");
    awaitLine("left");
    console.tell("DEL " + key());

    assertThat(run.exitCode()).isEqualTo(76);
    awaitThatNothingRuns();
  }

  @Test
  @Tag("slow")
  void aStderrThatNobodyReadsDelaysNothing() throws Exception {
    String script = SHELL + "(while :; do echo more >&2; done) & beats on";
    String[] words = withName(LEASE_TO_LOSE, "--grace=500ms", "--", "sh", "-c", script, marker());
    CliProcess run = CliProcess.startUnread(folder, withStore(Map.of()), words);
    started.add(run);
    awaitLine("on");
    console.tell("DEL " + key());

    awaitThatNothingRuns();
  }

  @Test
  @Order(LONG)
  void aFrozenServerIsTermBeforeTheLeaseEndsAndKillWhenItDoes() throws Exception {
    startOwnServer();
    CliProcess run = shell("trap 'say term' TERM; beats on", "--lease=24s", "--grace=10s");
    awaitLine("on");
    redis.pause();

    assertThat(run.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", run.errLines())).contains(name, "the lease could not be renewed");
    assertThatTermWasFollowedByBeatsThatEnded();
  }

  /**
   * At one moment the clock counts: the last signal is sent a quarter of a second before the store
   * lets the next one in. A runner that does not run at that moment is late, and no lock can help
   * it; that does not happen time after time.
   */
  @Test
  @Order(LONG)
  void aCommandWhoseLeaseIsNotRenewedHasEndedBeforeTheNextBegins() throws Exception {
    startOwnServer();
    boolean hasEnded = endsBeforeTheNextBegins();
    for (int again = 0; again < 2 && !hasEnded; again++) {
      endAll();
      nameTheLock();
      hasEnded = endsBeforeTheNextBegins();
    }
    assertThat(hasEnded).isTrue();
  }

  private boolean endsBeforeTheNextBegins() throws Exception {
    console.tell("ACL SETUSER first on >hunter2 ~* &* +@all");
    CliProcess first =
        shell(
            "trap 'say term' TERM; beats first 0.01",
            "--store=redis://first:hunter2@127.0.0.1:" + redis.port(),
            "--lease=24s",
            "--grace=10s");
    awaitLine("first");
    shell("say second; beats second", "--wait=1h", "--lease=24s");
    awaitScriptCalls(scriptCalls() + 4);
    console.tell("ACL SETUSER first -@all");
    awaitLine("second");

    assertThat(first.exitCode()).isEqualTo(76);
    assertThat(String.join(" ", first.errLines())).doesNotContain("hunter2");
    List<String> all = lines();
    assertThat(all).contains("term");
    return !all.subList(all.indexOf("second"), all.size()).contains("first");
  }

  @Test
  void aKilledRunnersCommandAndItsChildrenHaveEndedWhileItsLockIsHeld() throws Exception {
    CliProcess run = shell("beats child & beats on", "--lease=1h");
    awaitLine("on");
    awaitLine("child");
    run.signal("KILL");

    awaitThatNothingRuns();
    assertThat(isHeld()).isTrue();
  }

  @Test
  @Tag("slow")
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
  @Tag("slow")
  void aCommandIsStoppedEvenWithoutItsKeeper() throws Exception {
    CliProcess run = shell("(beats child) & beats on", LEASE_TO_LOSE, "--grace", "500ms");
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
  @Tag("slow")
  void withoutUtilLinuxItSaysSoAndStopsWhatItFinds() throws Exception {
    Path programs = Files.createDirectory(folder.resolve("bin"));
    for (String program : List.of("sh", "true", "sleep")) {
      String script = "#!/bin/sh\nexec " + onPath(program) + " \"$@\"\n";
      program("bin/" + program, script);
    }
    CliProcess run =
        start(
            Map.of("PATH", programs.toString()),
            LEASE_TO_LOSE,
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

  /** In this JVM, which is right only for what fails before signals are taken. */
  private CommandLineRun runHere(String command) {
    return CommandLineRun.of("run", "--store=" + redis.url(), name, "--", command);
  }

  private CliProcess start(Map<String, String> variables, String... words) throws IOException {
    CliProcess process = CliProcess.start(folder, withStore(variables), withName(words));
    started.add(process);
    return process;
  }

  private Map<String, String> withStore(Map<String, String> variables) {
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

  private long scriptCalls() {
    return console
        .tell("INFO commandstats")
        .lines()
        .filter(line -> line.matches("cmdstat_(eval|evalsha|fcall):.*"))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
        .sum();
  }

  private void awaitScriptCalls(long count) {
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
}
