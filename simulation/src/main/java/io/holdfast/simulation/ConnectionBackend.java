package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.Heartbeat.Beat;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A process's backend for a database whose connections are the leases: one connection for all its
 * locks. It knows by itself which claim has which name, because the server does not. A statement
 * that is not answered in time ends the connection on this side at once; on the other, when that
 * has waited long enough. Used by one thread.
 */
final class ConnectionBackend implements LockBackend {

  /** A connection, as this side sees it. */
  private final class Connection {
    private final Opening<Integer> number = new Opening<>();
    private final Heartbeat<Set<LockName>> heartbeat =
        new Heartbeat<>(process, () -> put(store::locks));
    private final Map<LockName, Asked> names = new HashMap<>();
    private long heardOfAt = process.nanoTime();
    private boolean over;

    /** Then the server has ended it; whoever wants a lock opens another at once. */
    private boolean isIdle() {
      return process.nanoTime() - heardOfAt >= idleFor.toNanos();
    }

    private <A> CompletionStage<A> put(Statement<A> statement) {
      return number
          .then(opened -> expectingAnswer(() -> statement.run(opened)))
          .thenApply(
              answer -> {
                if (over) {
                  throw new BackendException("The connection is closed");
                }
                return answer;
              });
    }

    private <A> CompletionStage<A> expectingAnswer(Supplier<A> question) {
      long askedAt = process.nanoTime();
      CompletionStage<A> answer = way.put(question);
      process.after(
          patience,
          () -> {
            if (!answer.toCompletableFuture().isDone()) {
              end();
            }
          });
      return answer.whenComplete(
          (said, failure) -> {
            if (failure != null) {
              end();
            } else if (askedAt - heardOfAt > 0) {
              heardOfAt = askedAt;
            }
          });
    }

    /**
     * Not used any more, and not closed either: that would free locks at once on which holders may
     * still rely. The server ends it when it has waited long enough.
     */
    private void end() {
      if (!over) {
        over = true;
        var unused =
            number.then(
                opened -> {
                  store.abandoned(opened);
                  return CompletableFuture.completedFuture(opened);
                });
      }
    }
  }

  private interface Statement<A> {
    A run(int connection);
  }

  /** A claim, and when it heard that it has its lock. */
  private static final class Asked {
    private final Claim claim;
    private @Nullable Long grantedAt;
    private int underWay;

    private Asked(Claim claim) {
      this.claim = claim;
    }

    private boolean is(Claim other) {
      return claim.id().equals(other.id());
    }
  }

  private final ConnectionStore store;
  private final Way way;
  private final SimulatedProcess process;
  private final Duration idleFor;
  private final Duration patience;
  private @Nullable Connection connection;
  private long lastBeat;

  ConnectionBackend(ConnectionStore store, Way way, Duration idleFor, Duration patience) {
    this.store = store;
    this.way = way;
    this.process = way.process();
    this.idleFor = idleFor;
    this.patience = patience;
  }

  private Connection connection() {
    Connection present = connection;
    if (present != null && present.isIdle()) {
      present.end();
    }
    if (present == null || present.over) {
      present = open();
      connection = present;
    }
    return present;
  }

  private Connection open() {
    Connection opened = new Connection();
    var unused =
        opened
            .expectingAnswer(() -> store.connect(process.name()))
            .whenComplete(
                (number, failure) -> {
                  if (failure == null) {
                    opened.number.complete(number);
                  } else {
                    opened.number.fail(failure);
                  }
                });
    return opened;
  }

  /** The claim, if it is what this side knows of its name. */
  private @Nullable Asked known(Claim claim) {
    Connection present = connection;
    if (present == null || present.over) {
      return null;
    }
    Asked asked = present.names.get(claim.name());
    return asked != null && asked.is(claim) ? asked : null;
  }

  private Duration validFor(long askedAt, Beat<Set<LockName>> beat) {
    Duration age = Duration.ofNanos(askedAt - beat.askedAt());
    Duration left = idleFor.minus(SimulatedStore.GRANULARITY).minus(age);
    return left.isNegative() ? Duration.ZERO : left;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    Connection asking = connection();
    Claim claim = ask.claim();
    Asked before = asking.names.get(claim.name());
    if (before != null && !before.is(claim)) {
      store.refusedLocally();
      return CompletableFuture.completedFuture(
          new Attempt.Refused(Duration.ZERO, OptionalInt.empty()));
    }
    Asked asked = before == null ? new Asked(claim) : before;
    asking.names.put(claim.name(), asked);
    asked.underWay++;
    return asking
        .put(number -> store.tryLock(number, claim, ask.tokenAbove()))
        .thenApply(token -> answer(asking, asked, token));
  }

  private Attempt answer(Connection asking, Asked asked, Optional<Long> token) {
    asked.underWay--;
    if (token.isEmpty()) {
      if (asked.grantedAt == null && asked.underWay == 0) {
        asking.names.remove(asked.claim.name(), asked);
      }
      return new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
    }
    if (asked.grantedAt == null) {
      asked.grantedAt = process.nanoTime();
    }
    Duration validFor = idleFor.minus(SimulatedStore.GRANULARITY);
    return new Attempt.Granted(token.get(), 1, validFor);
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Asked asked = known(claim);
    Connection present = connection;
    if (asked == null || asked.grantedAt == null || present == null) {
      return CompletableFuture.completedFuture(new Renewal.Gone());
    }
    long askedAt = process.nanoTime();
    long sixthAgo = askedAt - idleFor.toNanos() / 6;
    long notBefore = sixthAgo - asked.grantedAt > 0 ? sixthAgo : asked.grantedAt;
    return present
        .heartbeat
        .beat(notBefore)
        .thenApply(
            beat -> {
              if (!beat.answer().contains(claim.name())) {
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
    Connection present = connection;
    Asked asked = known(claim);
    if (present == null || asked == null) {
      return CompletableFuture.completedFuture(Release.GONE);
    }
    return present
        .put(number -> store.unlock(number, claim))
        .thenApply(
            had -> {
              present.names.remove(claim.name(), asked);
              return had ? Release.RELEASED : Release.GONE;
            });
  }

  @Override
  public Guarantees guarantees() {
    return new Guarantees(
        "connections that are leases",
        false,
        Guarantees.TokenSource.STORE_CLOCK,
        true,
        false,
        false,
        SimulatedStore.GRANULARITY,
        false,
        Optional.of(idleFor),
        false);
  }

  @Override
  public void close() {
    Connection present = connection;
    if (present != null) {
      var unused = present.number.then(opened -> way.put(() -> store.close(opened)));
    }
  }
}
