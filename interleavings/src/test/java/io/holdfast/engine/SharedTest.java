package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.explore;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.together;

import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.Heartbeat.Beat;
import io.holdfast.testkit.ManualTime;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.History;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What many threads share: the one question of a session, and a history. */
class SharedTest {

  private static final int ORDERS = 200;

  @Test
  void twoWhoWantABeatPutOneQuestion() {
    explore(
        "Heartbeat, two at once",
        ORDERS,
        () ->
            twoWantABeat(
                question -> {
                  ManualTime time = new ManualTime();
                  Heartbeat<String> heartbeat = new Heartbeat<>(time, question);
                  long now = time.nanoTime();
                  return () -> heartbeat.beat(now).thenApply(Beat::answer);
                }));
  }

  @Test
  @Tag("slow")
  void aHeartbeatThatLooksBeforeItPutsItsQuestionIsCaught() {
    caught(
        "one question for both",
        () ->
            explore(
                "a heartbeat that looks before it asks",
                ORDERS,
                () ->
                    twoWantABeat(
                        question -> {
                          AtomicReference<CompletionStage<String>> last =
                              new AtomicReference<>(null);
                          return () -> {
                            if (last.get() == null) {
                              last.set(question.get());
                            }
                            return last.get();
                          };
                        })));
  }

  @Test
  @Tag("slow")
  void aFailureIsSharedWithNobodyWhoComesAfterIt() {
    explore("Heartbeat, a failure meets one who wants a beat", ORDERS, SharedTest::failureMeetsOne);
  }

  @Test
  @Tag("slow")
  void aHistoryLosesNoEventAndGivesNoNumberTwice() {
    explore(
        "History, two threads",
        ORDERS,
        () -> {
          History history = new History();
          twoRecord(history, () -> history.nextHold());
        });
  }

  @Test
  @Tag("slow")
  void numbersThatAreCountedInTwoStepsAreCaught() {
    caught(
        "no number twice",
        () ->
            explore(
                "a number counted in two steps",
                ORDERS,
                () -> {
                  AtomicLong last = new AtomicLong();
                  twoRecord(
                      new History(),
                      () -> {
                        long next = last.get() + 1;
                        last.set(next);
                        return next;
                      });
                }));
  }

  private static void twoWantABeat(
      Function<Supplier<CompletionStage<String>>, Supplier<CompletionStage<String>>> made) {
    List<CompletableFuture<String>> questions = new CopyOnWriteArrayList<>();
    List<String> heard = new CopyOnWriteArrayList<>();
    Supplier<CompletionStage<String>> heartbeat =
        made.apply(
            () -> {
              CompletableFuture<String> question = new CompletableFuture<>();
              questions.add(question);
              return question;
            });
    together(
        () -> heartbeat.get().thenAccept(answer -> heard.add(answer)),
        () -> heartbeat.get().thenAccept(answer -> heard.add(answer)));
    must(questions.size() == 1, "one question for both");
    questions.get(0).complete("answer");
    must(heard.size() == 2, "both hear the answer");
  }

  private static void failureMeetsOne() {
    ManualTime time = new ManualTime();
    List<CompletableFuture<String>> questions = new CopyOnWriteArrayList<>();
    Heartbeat<String> heartbeat =
        new Heartbeat<>(
            time,
            () -> {
              CompletableFuture<String> question = new CompletableFuture<>();
              questions.add(question);
              return question;
            });
    long now = time.nanoTime();
    var first = heartbeat.beat(now).toCompletableFuture();
    together(
        () -> questions.get(0).completeExceptionally(new IllegalStateException("reset")),
        () -> heartbeat.beat(now));
    must(first.isCompletedExceptionally(), "who asked first hears the failure");
    var after = heartbeat.beat(now).toCompletableFuture();
    must(!after.isDone(), "who comes after it has a question that is under way");
    must(questions.size() == 2, "of which there is one");
  }

  private static void twoRecord(History history, LongSupplier nextHold) {
    together(() -> record(history, nextHold), () -> record(history, nextHold));
    List<Event> events = history.events();
    must(events.size() == 2, "no event is lost");
    must(!events.get(0).equals(events.get(1)), "no number twice");
  }

  private static void record(History history, LongSupplier nextHold) {
    history.add(new Event.Lost("a process", nextHold.getAsLong(), 0));
  }
}
