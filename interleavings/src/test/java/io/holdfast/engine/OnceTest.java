package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.explore;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.together;

import io.holdfast.BackendException;
import io.holdfast.LockEvent;
import io.holdfast.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is told at most once, whoever else wants to tell it at the same moment. */
class OnceTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final int ORDERS = 200;

  @Test
  void anAnswerMeetsTheTimeout() {
    explore("Question, answer against timeout", ORDERS, () -> answerAgainstTimeout(true));
  }

  @Test
  @Tag("slow")
  void aFailureMeetsTheTimeout() {
    explore("Question, failure against timeout", ORDERS, () -> failureAgainstTimeout());
  }

  @Test
  @Tag("slow")
  void eventsAreToldOneAtATimeAndEachOnce() {
    explore("Announcer, two threads", ORDERS, OnceTest::twoAnnounce);
  }

  @Test
  @Tag("slow")
  void aWarningIsToldOnce() {
    explore(
        "Announcer, one warning twice",
        ORDERS,
        () -> {
          List<LockEvent> told = new CopyOnWriteArrayList<>();
          Announcer announcer =
              new Announcer(Optional.of(event -> told.add(event)), task -> task.run());
          twoWarn(text -> announcer.warn(text), told);
        });
  }

  @Test
  @Tag("slow")
  void aFailureAfterTheAnswerIsCaught() {
    caught(
        "nothing follows an answer",
        () -> explore("a question never over", ORDERS, () -> answerAgainstTimeout(false)));
  }

  @Test
  @Tag("slow")
  void aWarnerThatLooksBeforeItTellsIsCaught() {
    caught(
        "each warning once",
        () ->
            explore(
                "a warner that looks before it tells",
                ORDERS,
                () -> {
                  List<LockEvent> told = new CopyOnWriteArrayList<>();
                  Set<String> known = ConcurrentHashMap.newKeySet();
                  twoWarn(
                      text -> {
                        if (!known.contains(text)) {
                          known.add(text);
                          told.add(new LockEvent.Warning(text));
                        }
                      },
                      told);
                }));
  }

  /** An answer; or a failure, and perhaps the answer after it. */
  private static void answerAgainstTimeout(boolean real) {
    ManualTime time = new ManualTime();
    Mailbox mailbox = Mailbox.ofPosters(Runnable::run);
    CompletableFuture<String> answer = new CompletableFuture<>();
    List<String> heard = new CopyOnWriteArrayList<>();
    put(real, time, mailbox, answer, heard);
    together(() -> answer.complete("answer"), () -> time.pass(TIMEOUT));
    must(heard.contains("answer"), "an answer is heard, however late");
    must(heard.indexOf("answer") == heard.size() - 1, "nothing follows an answer");
    must(heard.size() <= 2, "at most one failure");
    must(time.tasks() == 0, "no timer is left");
  }

  private static void failureAgainstTimeout() {
    ManualTime time = new ManualTime();
    Mailbox mailbox = Mailbox.ofPosters(Runnable::run);
    CompletableFuture<String> answer = new CompletableFuture<>();
    List<String> heard = new CopyOnWriteArrayList<>();
    put(true, time, mailbox, answer, heard);
    together(
        () -> answer.completeExceptionally(new BackendException("failed")),
        () -> time.pass(TIMEOUT));
    must(heard.equals(List.of("failure")), "one failure, and that once");
  }

  private static void put(
      boolean real,
      ManualTime time,
      Mailbox mailbox,
      CompletableFuture<String> answer,
      List<String> heard) {
    if (real) {
      Question.put(
          time, TIMEOUT, mailbox, () -> answer, (a, f) -> heard.add(a == null ? "failure" : a));
    } else {
      // The twin does not remember that it was answered, only to stop its timer.
      var timer = time.schedule(TIMEOUT, () -> mailbox.post(() -> heard.add("failure")));
      var unused =
          answer.thenAccept(
              a -> {
                timer.cancel();
                mailbox.post(() -> heard.add(a));
              });
    }
  }

  private static void twoAnnounce() {
    List<LockEvent> told = new CopyOnWriteArrayList<>();
    Announcer announcer = new Announcer(Optional.of(event -> told.add(event)), task -> task.run());
    LockEvent a1 = new LockEvent.Renewed(Rig.LOCK, 1, Duration.ZERO);
    LockEvent a2 = new LockEvent.Released(Rig.LOCK, 1, Duration.ZERO);
    LockEvent b1 = new LockEvent.Acquired(Rig.LOCK, 2, Duration.ZERO);
    together(
        () -> {
          announcer.announce(a1);
          announcer.announce(a2);
        },
        () -> announcer.announce(b1));
    must(told.size() == 3 && told.contains(b1), "each event once");
    must(told.indexOf(a1) >= 0 && told.indexOf(a1) < told.indexOf(a2), "in order");
  }

  private static void twoWarn(Consumer<String> warner, List<LockEvent> told) {
    together(() -> warner.accept("careful"), () -> warner.accept("careful"));
    must(told.size() == 1, "each warning once");
  }
}
