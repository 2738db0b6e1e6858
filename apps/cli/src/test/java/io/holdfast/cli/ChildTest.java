package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;

  /** Somebody may kill the keeper at any moment, and so in the one before it hears of the group. */
  @Test
  void aCommandWhoseKeeperIsGoneAlreadyRunsAndIsStopped() throws Exception {
    Session session = Session.find();
    try (Keeper keeper = Keeper.start(session)) {
      killed(keeper);

      try (Child child = Child.start(command("sleep 600"), Map.of(), session, keeper)) {
        assertThat(child.isRunning()).isTrue();
        child.signal("TERM");
        await().atMost(SOON).until(() -> !child.isRunning());

        assertThat(child.exitCode()).isEqualTo(128 + 15);
      }
    }
  }

  /** Whose parent has ended is nobody's descendant. */
  @Test
  void withoutKeeperTheWholeGroupIsSignalled() throws Exception {
    Session session = Session.find();
    Path id = folder.resolve("id");
    String orphan = "sh -c 'sleep 600 & echo $! > \"%s\"'; exec sleep 600".formatted(id);
    try (Keeper keeper = Keeper.start(session)) {
      killed(keeper);

      try (Child child = Child.start(command(orphan), Map.of(), session, keeper)) {
        await().atMost(SOON).until(() -> Files.exists(id) && Files.readString(id).endsWith("\n"));
        ProcessHandle left =
            ProcessHandle.of(Long.parseLong(Files.readString(id).strip())).orElseThrow();
        await()
            .atMost(SOON)
            .until(() -> ProcessHandle.current().descendants().noneMatch(left::equals));
        try {
          child.signal("KILL");
          await().atMost(SOON).until(() -> !child.isRunning());
          await().atMost(SOON).until(() -> !left.isAlive());
        } finally {
          left.destroyForcibly(); // it would keep the build's output open
        }
      }
    }
  }

  private static void killed(Keeper keeper) {
    keeper.process().destroyForcibly();
    await().atMost(SOON).until(() -> !keeper.process().isAlive());
  }

  private static List<String> command(String script) {
    List<String> words = new ArrayList<>(UsualSignals.WORDS);
    words.addAll(List.of("sh", "-c", script));
    return words;
  }
}
