package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChildTest {

  /** Somebody may kill the keeper at any moment, and so in the one before it hears of the group. */
  @Test
  void aCommandWhoseKeeperIsGoneAlreadyRunsAndIsStopped() throws Exception {
    Session session = Session.find();
    List<ProcessHandle> others = ProcessHandle.current().children().toList();
    try (Keeper keeper = Keeper.start(session)) {
      ProcessHandle shell =
          ProcessHandle.current()
              .children()
              .filter(child -> !others.contains(child))
              .findAny()
              .orElseThrow();
      shell.destroyForcibly();
      await().atMost(Duration.ofSeconds(60)).until(() -> !shell.isAlive());

      try (Child child = Child.start(List.of("sleep", "600"), Map.of(), session, keeper)) {
        assertThat(child.isRunning()).isTrue();
        child.signal("TERM");
        await().atMost(Duration.ofSeconds(60)).until(() -> !child.isRunning());

        assertThat(child.exitCode()).isEqualTo(128 + 15);
      }
    }
  }
}
