package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.REAL;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A session that may still keep others out, with questions of the test's on an H2 in this JVM. */
class SessionInDoubtTest {

  private final CompletableFuture<Thread> thread = new CompletableFuture<>();
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  @Test
  void connectionStaysForTheHoldersUntilTheSessionIsClosed() throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:" + UUID.randomUUID())) {
      Session session =
          new Session(
              () -> connection, REAL, Duration.ofHours(1), (server, locks) -> true, ended -> {});
      session.locks().put(new SessionKey("0123456789abcdef"), newClaim());
      session.start("in-doubt", () -> over.complete(null));
      CompletableFuture<Boolean> question =
          session.urgently(
              server -> {
                thread.complete(Thread.currentThread());
                throw new Session.Doubtful("as the test wants it", null);
              });
      assertThatThrownBy(() -> answer(question)).hasCauseInstanceOf(Session.Over.class);
      await().until(() -> thread.join().getState() == Thread.State.TIMED_WAITING);
      assertThat(over).isNotDone();
      assertThat(connection.isClosed()).isFalse();
      session.close();
      answer(over);
      assertThat(connection.isClosed()).isTrue();
    }
  }
}
