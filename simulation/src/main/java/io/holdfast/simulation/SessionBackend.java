package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.simulation.SessionStore.Alive;
import io.holdfast.simulation.SessionStore.Standing;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.Heartbeat.Beat;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A process's backend for a store whose sessions are the leases: one session for all its locks, one
 * heartbeat for all their renewals. What is promised is counted from when the heartbeat was put,
 * and an answer is nobody's who was granted after its question. Used by one thread.
 */
final class SessionBackend implements LockBackend {

  /** A session, as its owner knows it. */
  private final class Session {
    private final Opening<Long> id = new Opening<>();
    private final Heartbeat<Alive> heartbeat = new Heartbeat<>(process, this::ask);
    private long heardOfAt = process.nanoTime();
    private boolean over;

    private CompletionStage<Alive> ask() {
      long askedAt = process.nanoTime();
      return id.then(number -> way.putSlow(() -> store.beat(number, seen)))
          .thenApply(
              alive -> {
                seen(alive.revision());
                heard(alive.isOver(), askedAt);
                return alive;
              });
    }

    private CompletionStage<Beat<Alive>> beat(long notBefore) {
      return heartbeat.beat(notBefore);
    }

    private void heard(boolean isOver, long askedAt) {
      if (isOver) {
        end();
      } else if (askedAt - heardOfAt > 0) {
        heardOfAt = askedAt;
      }
    }

    /** The driver's own pings keep a session for as long as its process runs. */
    private void keep(long number) {
      process.after(
          sessionFor.dividedBy(3),
          () -> {
            if (!over) {
              long askedAt = process.nanoTime();
              var unused =
                  way.put(() -> store.ping(number)).thenAccept(isAlive -> heard(!isAlive, askedAt));
              keep(number);
            }
          });
    }

    /** Not heard of for so long that it may be over; one that does not open is given up sooner. */
    private boolean isSilent() {
      Duration patience = id.isDone() ? sessionFor : sessionFor.dividedBy(3);
      return process.nanoTime() - heardOfAt >= patience.toNanos();
    }

    private void end() {
      if (!over) {
        over = true;
        var unused =
            id.then(
                number -> {
                  store.abandoned(number);
                  return CompletableFuture.completedFuture(number);
                });
      }
    }
  }

  /** What became of a claim. */
  private static final class Asked {
    private final Session session;
    private @Nullable Long grantedAt;
    private long place;
    private long token;

    private Asked(Session session) {
      this.session = session;
    }

    /** The first that was read for the same place: the base may have been lifted since. */
    private long token(long created, long read) {
      if (place != created) {
        place = created;
        token = read;
      }
      return token;
    }
  }

  private final SessionStore store;
  private final Way way;
  private final SimulatedProcess process;
  private final Duration sessionFor;
  private final Map<String, Asked> claims = new HashMap<>();
  private @Nullable Session session;
  private long lastBeat;
  private long seen;

  SessionBackend(SessionStore store, Way way, Duration sessionFor) {
    this.store = store;
    this.way = way;
    this.process = way.process();
    this.sessionFor = sessionFor;
  }

  private void seen(long revision) {
    seen = Math.max(seen, revision);
  }

  private long sixthAgo() {
    return process.nanoTime() - sessionFor.toNanos() / 6;
  }

  private Session session() {
    Session present = session;
    if (present == null || present.over || present.isSilent()) {
      if (present != null) {
        present.end();
      }
      present = open();
      session = present;
    }
    return present;
  }

  private Session open() {
    Session opened = new Session();
    var unused =
        way.put(() -> store.open(process.name(), process.micros()))
            .whenComplete(
                (number, failure) -> {
                  if (failure == null) {
                    opened.id.complete(number);
                    opened.keep(number);
                  } else {
                    opened.end();
                    opened.id.fail(failure);
                  }
                });
    return opened;
  }

  /** What is left of a session, counted from a question, by a heartbeat put earlier or later. */
  private Duration validFor(long askedAt, Beat<Alive> beat) {
    Duration age = Duration.ofNanos(askedAt - beat.askedAt());
    Duration left = sessionFor.minus(SimulatedStore.GRANULARITY).minus(age);
    return left.isNegative() ? Duration.ZERO : left;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    long askedAt = process.nanoTime();
    Session asking = session();
    Claim claim = ask.claim();
    Asked before = claims.get(claim.id());
    if (before == null || before.session != asking) {
      claims.put(claim.id(), new Asked(asking));
    }
    CompletionStage<Beat<Alive>> beat = asking.beat(sixthAgo());
    return asking
        .id
        .then(number -> way.putSlow(() -> store.ask(number, claim, ask.mayWait(), seen)))
        .thenCombine(beat, (standing, kept) -> answer(ask, asking, askedAt, standing, kept))
        .thenCompose(answer -> answer);
  }

  private CompletionStage<Attempt> answer(
      Ask ask, Session asking, long askedAt, Standing standing, Beat<Alive> kept) {
    seen(standing.revision());
    asking.heard(standing.isOver(), askedAt);
    Asked asked = claims.get(ask.claim().id());
    if (asking.over || asked == null || asked.session != asking) {
      throw new BackendException("The session has ended");
    }
    if (standing.position() == 0) {
      asked.grantedAt = process.nanoTime();
      long token = asked.token(standing.created(), standing.base() + standing.created());
      Duration validFor = validFor(askedAt, kept);
      return CompletableFuture.completedFuture(new Attempt.Granted(token, 1, validFor));
    }
    Attempt refused = new Attempt.Refused(Duration.ZERO, OptionalInt.of(standing.position()));
    if (ask.mayWait() || standing.created() == 0) {
      return CompletableFuture.completedFuture(refused);
    }
    return way.put(() -> store.leave(ask.claim())).thenApply(left -> refused);
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Asked asked = claims.get(claim.id());
    if (asked == null || asked.grantedAt == null || asked.session.over) {
      return CompletableFuture.completedFuture(new Renewal.Gone());
    }
    long askedAt = process.nanoTime();
    long notBefore = sixthAgo() - asked.grantedAt > 0 ? sixthAgo() : asked.grantedAt;
    return asked
        .session
        .beat(notBefore)
        .thenApply(
            beat -> {
              if (beat.answer().isOver() || !beat.answer().claims().contains(claim.id())) {
                return new Renewal.Gone();
              }
              if (beat.askedAt() == lastBeat) {
                store.shared();
              }
              lastBeat = beat.askedAt();
              return new Renewal.Renewed(validFor(askedAt, beat));
            });
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Asked asked = claims.get(claim.id());
    if (asked == null || asked.session.over) {
      return CompletableFuture.completedFuture(Release.GONE);
    }
    // Behind the claim's own questions, which may wait for the session to open.
    return asked.session.id.then(number -> way.put(() -> store.leave(claim)));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return way.watch(claim, mayBeFree);
  }

  @Override
  public Guarantees guarantees() {
    return new Guarantees(
        "sessions with a line",
        true,
        Guarantees.TokenSource.REVISION,
        false,
        true,
        false,
        SimulatedStore.GRANULARITY,
        true,
        Optional.of(sessionFor),
        false);
  }

  @Override
  public void close() {}
}
