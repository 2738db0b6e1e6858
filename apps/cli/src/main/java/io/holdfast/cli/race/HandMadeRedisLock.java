package io.holdfast.cli.race;

import io.holdfast.cli.race.Exclusion.Gate;
import io.holdfast.cli.race.Exclusion.Left;
import io.holdfast.cli.race.Exclusion.Turn;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The Redis locks of blog posts and first versions: each with its one mistake, by hand. */
final class HandMadeRedisLock implements Exclusion {

  /** What is wrong with it. */
  enum Mistake {
    /** Asks whether the lock is free in one command and takes it in another. */
    GET_THEN_SET,
    /** Lets the lock of a dead holder stand for ever. */
    NO_EXPIRY,
    /** Deletes the lock whoever has it. */
    NO_OWNER_CHECK
  }

  private static final String RELEASE_MINE = Resource.text("release-mine.lua");
  private static final String RELEASE_ANYONES = Resource.text("release-anyones.lua");

  private final Mistake mistake;
  private final RedisWire redis;
  private final String key;
  private final Duration lease;

  HandMadeRedisLock(Mistake mistake, RedisWire redis, String key, Duration lease) {
    this.mistake = mistake;
    this.redis = redis;
    this.key = key;
    this.lease = lease;
  }

  @Override
  public Optional<Turn> enter(Gate checked, Duration atMost)
      throws IOException, InterruptedException {
    String owner = Long.toHexString(ThreadLocalRandom.current().nextLong());
    long start = System.nanoTime();
    do {
      long askedAt = System.nanoTime();
      if (take(owner, checked)) {
        return Optional.of(new Held(owner, askedAt));
      }
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextLong(1, 8));
    } while (System.nanoTime() - start - atMost.toNanos() < 0);
    return Optional.empty();
  }

  private boolean take(String owner, Gate checked) throws IOException, InterruptedException {
    String millis = Long.toString(lease.toMillis());
    return switch (mistake) {
      case GET_THEN_SET -> {
        if (redis.ask("GET", key) != null) {
          yield false;
        }
        checked.pass();
        redis.ask("SET", key, owner, "PX", millis);
        yield true;
      }
      case NO_EXPIRY -> redis.ask("SET", key, owner, "NX") != null;
      case NO_OWNER_CHECK -> redis.ask("SET", key, owner, "NX", "PX", millis) != null;
    };
  }

  private final class Held implements Turn {
    private final String owner;
    private final long askedAt;

    Held(String owner, long askedAt) {
      this.owner = owner;
      this.askedAt = askedAt;
    }

    @Override
    public long token() {
      return 0;
    }

    @Override
    public boolean lasts() {
      return mistake == Mistake.NO_EXPIRY || System.nanoTime() - askedAt - lease.toNanos() < 0;
    }

    @Override
    public Left leave() throws IOException {
      String script = mistake == Mistake.NO_OWNER_CHECK ? RELEASE_ANYONES : RELEASE_MINE;
      @Nullable String found = redis.ask("EVAL", script, "1", key, owner);
      if (owner.equals(found)) {
        return Left.IN_TIME;
      }
      return found == null || mistake != Mistake.NO_OWNER_CHECK
          ? Left.TOO_LATE
          : Left.FREED_ANOTHERS;
    }
  }
}
