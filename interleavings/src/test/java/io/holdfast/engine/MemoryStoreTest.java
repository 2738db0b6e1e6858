package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.explore;
import static io.holdfast.engine.Interleavings.generated;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.together;

import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every question to the store in memory is one atomic step, also while time passes. */
class MemoryStoreTest {

  private static final Duration LEASE = Duration.ofNanos(2);
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH.plusSeconds(1), ZoneOffset.UTC);
  private static final long FIRST_TOKEN = 1_000_000;

  @Test
  @Tag("slow")
  void everyQuestionIsOneAtomicStep() {
    generated("MemoryStore against its specification", 8, 120)
        .sequentialSpecification(Specification.class)
        .check(RealStore.class);
  }

  @Test
  @Tag("slow")
  void aLeaseThatEndsWhileAnotherAsksIsOverOrNot() {
    explore(
        "MemoryStore, ask against the end of a lease",
        200,
        () -> {
          RealStore store = new RealStore();
          must(store.ask(0).equals("token 0"), "a free lock is granted");
          together(
              () -> {
                String answer = store.ask(1);
                must(
                    answer.equals("token 1")
                        || answer.equals("again in 1")
                        || answer.equals("again in 2"),
                    "a lease is over or not");
              },
              () -> {
                store.timePasses();
                store.timePasses();
                store.timePasses();
              });
        });
  }

  @Test
  @Tag("slow")
  void aStoreThatLooksBeforeItActsIsCaught() {
    caught(
        "Invalid execution results",
        () ->
            generated("a store that looks before it acts", 8, 120)
                .sequentialSpecification(Specification.class)
                .check(LooksThenActs.class));
  }

  /** What three claims may ask about one name. */
  @Param(name = "claim", gen = IntGen.class, conf = "0:2")
  public abstract static class Questions {
    /** May it have the lock? */
    @Operation(params = "claim")
    public abstract String ask(int claim);

    /** May it keep the lock? */
    @Operation(params = "claim")
    public abstract String renew(int claim);

    /** It gives the lock back. */
    @Operation(params = "claim")
    public abstract String release(int claim);

    /** An operator ends it. */
    @Operation
    public abstract void delete();

    /** Half a lease passes. */
    @Operation
    public abstract void timePasses();
  }

  /** The store, asked as the engine asks it. */
  public static final class RealStore extends Questions {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);
    private final MemoryStore store = new MemoryStore(() -> now.get(), CLOCK);
    private final MemoryBackend backend = new MemoryBackend(store);
    private final Claim[] claims = {claim("0"), claim("1"), claim("2")};

    private static Claim claim(String id) {
      return new Claim(Rig.LOCK, id, "test");
    }

    @Override
    public String ask(int claim) {
      Ask ask = new Ask(claims[claim], LEASE, false, 1, 0);
      Attempt answer = backend.ask(ask).toCompletableFuture().join();
      return answer instanceof Attempt.Granted granted
          ? "token " + (granted.firstToken() - FIRST_TOKEN)
          : "again in " + ((Attempt.Refused) answer).askAgainIn().toNanos();
    }

    @Override
    public String renew(int claim) {
      Renewal answer = backend.renew(claims[claim], LEASE).toCompletableFuture().join();
      return answer instanceof Renewal.Renewed ? "renewed" : "gone";
    }

    @Override
    public String release(int claim) {
      Release answer =
          backend.release(claims[claim], 0, Duration.ZERO).toCompletableFuture().join();
      return answer == Release.RELEASED ? "released" : "gone";
    }

    @Override
    public void delete() {
      store.delete(Rig.LOCK);
    }

    @Override
    public void timePasses() {
      now.incrementAndGet();
    }
  }

  /** The rules, for one thread. */
  public static class Specification extends Questions {
    private int holder = -1;
    private long endsAt;
    private long token = -1;
    private long now;

    private boolean isFree() {
      return holder < 0 || endsAt - now <= 0;
    }

    @Override
    public String ask(int claim) {
      if (!isFree() && holder != claim) {
        return "again in " + (endsAt - now);
      }
      token = isFree() ? token + 1 : token;
      holder = claim;
      endsAt = now + LEASE.toNanos();
      return "token " + token;
    }

    @Override
    public String renew(int claim) {
      if (isFree() || holder != claim) {
        return "gone";
      }
      endsAt = now + LEASE.toNanos();
      return "renewed";
    }

    @Override
    public String release(int claim) {
      if (isFree() || holder != claim) {
        return "gone";
      }
      holder = -1;
      return "released";
    }

    @Override
    public void delete() {
      holder = -1;
    }

    @Override
    public void timePasses() {
      now++;
    }
  }

  /** The rules without the atomic step. */
  public static final class LooksThenActs extends Specification {}
}
