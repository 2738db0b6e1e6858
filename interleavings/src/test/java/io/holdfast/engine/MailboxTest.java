package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.explore;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.together;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Events run one at a time, each once, and those of one thread in the order it posted them. */
class MailboxTest {

  private static final int ORDERS = 300;

  @Test
  @Tag("slow")
  void eventsOfTwoThreadsRunOneAfterTheOther() {
    explore(
        "Mailbox, two threads", ORDERS, () -> twoThreads(Mailbox.ofPosters(Runnable::run)::post));
  }

  @Test
  @Tag("slow")
  void eventsOfThreeThreadsRunOneAfterTheOther() {
    explore(
        "Mailbox, three threads",
        ORDERS,
        () -> threeThreads(Mailbox.ofPosters(Runnable::run)::post));
  }

  @Test
  @Tag("slow")
  void anEventThatPostsIsFollowedByWhatItPosted() {
    explore(
        "Mailbox, events that post",
        ORDERS,
        () -> eventsThatPost(Mailbox.ofPosters(Runnable::run)::post));
  }

  @Test
  @Tag("slow")
  void whatOneEventWroteTheNextSees() {
    Interleavings.stressed("Mailbox, plain memory", 4, 400).check(PlainSum.class);
  }

  @Test
  @Tag("slow")
  void aMailboxThatForgetsTheLastEventIsCaught() {
    caught(
        "each event once",
        () -> explore("a forgetful mailbox", ORDERS, () -> twoThreads(new Forgetful())));
  }

  @Test
  @Tag("slow")
  void aMailboxThatRunsTwoEventsAtOnceIsCaught() {
    caught(
        "one at a time",
        () -> explore("a mailbox that is none", ORDERS, () -> twoThreads(Runnable::run)));
  }

  private static void twoThreads(Executor mailbox) {
    Ran ran = new Ran();
    together(
        () -> {
          ran.post(mailbox, "a1");
          ran.post(mailbox, "a2");
        },
        () -> {
          ran.post(mailbox, "b1");
          ran.post(mailbox, "b2");
        });
    ran.check("a1", "a2", "b1", "b2");
  }

  private static void threeThreads(Executor mailbox) {
    Ran ran = new Ran();
    together(
        () -> ran.post(mailbox, "a1"),
        () -> ran.post(mailbox, "b1"),
        () -> {
          ran.post(mailbox, "c1");
          ran.post(mailbox, "c2");
        });
    ran.check("a1", "b1", "c1", "c2");
  }

  private static void eventsThatPost(Executor mailbox) {
    Ran ran = new Ran();
    together(
        () ->
            mailbox.execute(
                () -> {
                  ran.run("a1");
                  ran.post(mailbox, "a2");
                  must(!ran.names.contains("a2"), "what an event posts runs after it");
                }),
        () -> ran.post(mailbox, "b1"));
    ran.check("a1", "a2", "b1");
  }

  /** What ran, in a list that is not made for two threads. */
  private static final class Ran {
    private final List<String> names = new ArrayList<>();
    private boolean runs;
    private boolean twoAtOnce;

    void post(Executor mailbox, String name) {
      mailbox.execute(() -> run(name));
    }

    private void run(String name) {
      twoAtOnce |= runs;
      runs = true;
      names.add(name);
      runs = false;
    }

    void check(String... expected) {
      must(!twoAtOnce, "one at a time");
      must(names.size() == expected.length, "each event once");
      must(names.containsAll(List.of(expected)), "each event once");
      must(names.indexOf("a1") < names.indexOf("a2") || !names.contains("a2"), "in order");
      must(names.indexOf("b1") < names.indexOf("b2") || !names.contains("b2"), "in order");
      must(names.indexOf("c1") < names.indexOf("c2") || !names.contains("c2"), "in order");
    }
  }

  /** A number without any protection but the mailbox's. */
  public static final class PlainSum {
    private final Mailbox mailbox = Mailbox.ofPosters(Runnable::run);
    private final AtomicInteger posted = new AtomicInteger();
    private int sum;

    /** One more. */
    @Operation
    public void add() {
      posted.incrementAndGet();
      mailbox.post(() -> sum++);
    }

    /** Nothing was overwritten. */
    @Validate
    public void nothingIsLost() {
      must(sum == posted.get(), "what one event wrote the next sees");
    }
  }

  /** Says too late that it stops: what is posted in between stays where it is. */
  private static final class Forgetful implements Executor {
    private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean runs = new AtomicBoolean();

    @Override
    public void execute(Runnable event) {
      events.add(event);
      if (runs.compareAndSet(false, true)) {
        for (Runnable next = events.poll(); next != null; next = events.poll()) {
          next.run();
        }
        runs.set(false);
      }
    }
  }
}
