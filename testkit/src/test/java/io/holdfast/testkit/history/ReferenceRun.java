package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Paused;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A run, on virtual time, of two locks that keep their word, with a line of waiters each, guarding
 * a row each: one that is claimed and one that is not. Processes are paused and die; answers get
 * lost.
 */
final class ReferenceRun {

  private static final long MS = 1_000_000;
  private static final long LEASE = 1000 * MS;
  private static final long QUESTION = 100 * MS;
  private static final long MARGIN = 12 * MS;
  private static final long END = 15_000 * MS;

  static final Expectations EXPECTED =
      Expectations.DEFAULTS
          .leaseFor(Duration.ofSeconds(1))
          .requestTimeout(Duration.ofMillis(100))
          .longestBackoff(Duration.ZERO)
          .slack(Duration.ofMillis(50))
          .storeLossTold(true)
          .fifoInProcess(true)
          .fifoOverStore(true);

  private record Step(long at, long order, Runnable task) {}

  private static final class Member {
    private final String name;
    private final List<Caller> callers = new ArrayList<>();
    private long pausedUntil;
    private boolean dead;

    Member(String name) {
      this.name = name;
    }
  }

  private final class Row {
    private final String name;
    private final boolean claimed;
    private final List<String> ids = new ArrayList<>();
    private long fence;
    private long version;

    Row(String name, boolean claimed) {
      this.name = name;
      this.claimed = claimed;
    }

    boolean claim(Caller caller) {
      boolean accepted = caller.token >= fence;
      fence = accepted ? caller.token : fence;
      events.add(
          new Event.Claim(name, caller.process.name, caller.hold, caller.token, now, accepted));
      return accepted;
    }

    boolean write(Caller caller, String id, long read) {
      boolean accepted =
          version == read && (claimed ? fence == caller.token : fence <= caller.token);
      events.add(
          new Event.Write(
              name, caller.process.name, caller.hold, caller.token, id, read, now, accepted));
      if (accepted) {
        fence = caller.token;
        version++;
        ids.add(id);
      }
      return accepted;
    }
  }

  private final class Store {
    private final String name;
    private final Row row;
    private final Deque<Caller> line = new ArrayDeque<>();
    private @Nullable Caller holder;
    private long endsAt;
    private long token = 1000;

    Store(String name, Row row) {
      this.name = name;
      this.row = row;
    }

    void ask(Caller caller) {
      line.add(caller);
      grant();
    }

    private void grant() {
      if (holder == null && !line.isEmpty()) {
        Caller next = line.remove();
        holder = next;
        token += 1 + random.nextInt(5);
        next.token = token;
        keep(next, Effect.GRANTED, false);
        next.isGranted(now + LEASE - MARGIN);
      }
    }

    private void keep(Caller caller, Effect effect, boolean wasHolder) {
      endsAt = now + LEASE;
      events.add(new Stored(name, caller.hold, effect, caller.token, wasHolder, now));
      later(
          LEASE,
          () -> {
            if (holder == caller && endsAt <= now) {
              holder = null;
              grant();
            }
          });
    }

    boolean renew(Caller caller) {
      boolean has = holder == caller;
      if (has) {
        keep(caller, Effect.RENEWED, true);
      }
      return has;
    }

    void release(Caller caller) {
      line.remove(caller);
      if (holder == caller) {
        events.add(new Stored(name, caller.hold, Effect.RELEASED, caller.token, true, now));
        holder = null;
        grant();
      }
    }
  }

  /** One call of acquire and what it leads to; then the next. */
  private final class Caller {
    private final Member process;
    private final Store store;
    private final long hold;
    private final long invokedAt;
    private final long waitAtMost;
    private long token;
    private long validUntil;
    private int steps = random.nextInt(5);
    private boolean answered;
    private boolean over;
    private boolean released;
    private boolean stale;

    Caller(Member process) {
      this.process = process;
      store = stores.get(random.nextInt(stores.size()));
      hold = nextHold++;
      invokedAt = now;
      waitAtMost = (random.nextInt(3) == 0 ? 300 : 5000) * MS;
    }

    void begin() {
      process.callers.add(this);
      sent(Message.ASK);
      laterUnlessDead(waitAtMost, this::giveUp);
      store.ask(this);
    }

    private void giveUp() {
      if (!answered) {
        answer(Outcome.FAILED);
        sent(Message.RELEASE);
        store.release(this);
        next();
      }
    }

    void isGranted(long until) {
      if (random.nextInt(20) == 0) {
        laterUnlessDead(QUESTION, this::isUnanswered);
      } else {
        laterUnlessDead(upTo(5), () -> hear(until));
      }
    }

    private void isUnanswered() {
      if (!answered) {
        answer(Outcome.UNKNOWN);
        sent(Message.RELEASE);
        if (random.nextBoolean()) {
          store.release(this);
        }
        next();
      }
    }

    private void hear(long until) {
      if (answered) {
        return;
      }
      validUntil = until;
      answer(Outcome.OK);
      watch();
      int fate = random.nextInt(20);
      if (fate == 0) {
        laterUnlessDead(upTo(500), () -> crash(process));
      } else if (fate < 4) {
        laterUnlessDead(upTo(100), () -> pause(process));
      }
      work();
    }

    private void answer(Outcome outcome) {
      answered = true;
      boolean granted = outcome == Outcome.OK;
      events.add(
          new Acquire(
              process.name,
              store.name,
              hold,
              invokedAt,
              now,
              outcome,
              granted ? token : 0,
              granted ? validUntil : 0,
              waitAtMost));
    }

    private void watch() {
      long end = validUntil;
      laterUnlessDead(
          Math.max(0, end - now),
          () -> {
            if (end == validUntil && !released) {
              over = true;
              events.add(new Lost(process.name, hold, now + upTo(20)));
            }
          });
    }

    private void work() {
      laterUnlessDead(
          upTo(300),
          () -> {
            if (steps-- <= 0) {
              release();
            } else if (random.nextBoolean()) {
              renew();
              work();
            } else {
              String id = "id" + nextId++;
              merge(id);
              if (random.nextInt(4) == 0) {
                merge("id" + nextId++);
              }
              work();
            }
          });
    }

    private boolean isHeld() {
      return !over && now < validUntil;
    }

    private void renew() {
      if (isHeld()) {
        sent(Message.RENEW);
        if (store.renew(this)) {
          validUntil = now + LEASE - MARGIN;
          watch();
        }
      }
      events.add(new Look(process.name, hold, now, token, isHeld() ? validUntil : now));
    }

    private void merge(String id) {
      if (stale || (store.row.claimed && !store.row.claim(this))) {
        stale = true;
        return;
      }
      long read = store.row.version;
      laterUnlessDead(
          upTo(60),
          () -> {
            if (store.row.write(this, id, read)) {
              laterUnlessDead(
                  upTo(5), () -> events.add(new Event.Acknowledged(store.row.name, id, now)));
            } else if (token < store.row.fence) {
              stale = true;
            } else {
              merge(id);
            }
          });
    }

    private void release() {
      if (!isHeld()) {
        events.add(new Release(process.name, hold, now, now, Outcome.FAILED));
      } else {
        released = true;
        sent(Message.RELEASE);
        boolean heard = random.nextInt(10) > 0;
        if (heard || random.nextBoolean()) {
          store.release(this);
        }
        events.add(
            new Release(
                process.name,
                hold,
                now,
                heard ? now + upTo(5) : now + QUESTION,
                heard ? Outcome.OK : Outcome.UNKNOWN));
      }
      next();
    }

    private void next() {
      process.callers.remove(this);
      laterUnlessDead(upTo(150), () -> call(process));
    }

    private void sent(Message message) {
      events.add(new Sent(process.name, store.name, hold, message, now));
    }

    private void laterUnlessDead(long span, Runnable task) {
      ReferenceRun.this.laterUnlessDead(process, span, task);
    }
  }

  private final Random random;
  private final List<Event> events = new ArrayList<>();
  private final List<Store> stores;
  private final PriorityQueue<Step> queue =
      new PriorityQueue<>(Comparator.comparingLong(Step::at).thenComparingLong(Step::order));
  private long now;
  private long order;
  private long nextHold = 1;
  private long nextId = 1;
  private int nextProcess = 1;

  ReferenceRun(long seed) {
    random = new Random(seed);
    Row open = new Row("open", false);
    Row claimed = new Row("claimed", true);
    stores = List.of(new Store("one", open), new Store("two", claimed));
    for (int i = 0; i < 3; i++) {
      start();
    }
    while (!queue.isEmpty()) {
      Step step = queue.remove();
      now = step.at();
      step.task().run();
    }
    now += LEASE;
    for (Store store : stores) {
      events.add(new Content(store.row.name, store.row.ids, now));
    }
  }

  /** All that happened, in a list that may be changed. */
  List<Event> events() {
    return new ArrayList<>(events);
  }

  private void start() {
    Member process = new Member("p" + nextProcess++);
    for (int i = 0; i < 2; i++) {
      laterUnlessDead(process, upTo(100), () -> call(process));
    }
  }

  private void call(Member process) {
    if (now < END) {
      new Caller(process).begin();
    }
  }

  private void pause(Member process) {
    process.pausedUntil = now + 300 * MS + upTo(2000);
    events.add(new Paused(process.name, now, process.pausedUntil));
  }

  private void crash(Member process) {
    process.dead = true;
    events.add(new Crashed(process.name, now));
    for (Caller caller : process.callers) {
      caller.store.line.remove(caller);
      if (!caller.answered) {
        caller.answer(Outcome.UNKNOWN);
      }
    }
    start();
  }

  private void laterUnlessDead(Member process, long span, Runnable task) {
    later(
        span,
        () -> {
          if (process.pausedUntil > now) {
            laterUnlessDead(process, process.pausedUntil - now, task);
          } else if (!process.dead) {
            task.run();
          }
        });
  }

  private void later(long span, Runnable task) {
    queue.add(new Step(now + span, order++, task));
  }

  private long upTo(int millis) {
    return 1 + (long) (random.nextDouble() * millis * MS);
  }
}
