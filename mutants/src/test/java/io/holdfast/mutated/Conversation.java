package io.holdfast.mutated;

import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Two processes and a store: what they hear that they should not. Each step says what is expected
 * of any backend, as far as its {@code Guarantees} go; nothing hangs on how fast it is, but for
 * leases that have to end. Used by one thread.
 */
public final class Conversation extends TwoProcesses {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Conversation(LockBackend one, LockBackend other) {
    super(one, other);
  }

  /** What is wrong with a store, in the order in which it was found; nothing if it is right. */
  public static List<String> wrongWith(String provider, String url, String name) throws Exception {
    BackendProvider backends =
        Class.forName(provider).asSubclass(BackendProvider.class).getConstructor().newInstance();
    StoreContext context = new StoreContext(new RealTime(), PATIENCE, LONG, warning -> {});
    try (Conversation conversation =
        new Conversation(backends.connect(url, context), backends.connect(url, context))) {
      conversation.run(name);
      return List.copyOf(conversation.wrong);
    }
  }

  private void run(String name) throws Exception {
    try {
      hold(name);
      if (one.guarantees().sessionFor().isEmpty()) {
        outlive(name);
      }
    } catch (ExecutionException noAnswer) {
      wrong.add("no answer: " + noAnswer.getCause());
    }
  }

  private void hold(String name) throws Exception {
    Claim first = claim(name);
    long before = System.currentTimeMillis() * 1_000;
    long token = token("a free lock", ask(one, first, 0));
    expect("its token is not behind the clock", true, token >= before - 1_000_000);
    expect("the same asks again", token, token("asked again", ask(one, first, 0)));
    Claim second = claim(name);
    expect("a held lock", "refused", word(ask(other, second, 0)));
    expect("a held lock, asked for by its own process", "refused", word(ask(one, claim(name), 0)));
    expect("another's renewal", "gone", word(heard(other.renew(second, LONG))));
    expect("another's release", Release.GONE, heard(other.release(second, 0, Duration.ZERO)));
    expect("a stranger's release", Release.GONE, release(one, claim(name), 0));
    expect("its holder's renewal", "renewed", word(heard(one.renew(first, LONG))));

    Claim waiting = claim(name);
    expect("who would wait", "refused", word(heard(other.ask(new Ask(waiting, LONG, true, 1, 0)))));
    boolean tells = one.guarantees().tellsOfRelease();
    Semaphore hints = new Semaphore(0);
    boolean release;
    try (Watch watch = other.watch(waiting, hints::release)) {
      boolean keepsALine = one.guarantees().fair(); // and then misses nothing from the refusal on
      expect("a hint when listening begins", true, !tells || keepsALine || isHinted(hints));
      hints.drainPermits();
      release = release(one, first, token) == Release.RELEASED;
      expect("a hint", true, !tells || isHinted(hints));
    }
    expect("its holder's release", true, release);
    long next = token("the next grant", ask(other, waiting, 0));
    expect("its token is greater", true, next > token);
    expect("a renewal of what was given back", "gone", word(heard(one.renew(first, LONG))));
    expect("a release of what was given back", Release.GONE, release(one, first, token));
    expect("the next holder's renewal", "renewed", word(heard(other.renew(waiting, LONG))));
    expect("its release", Release.RELEASED, release(other, waiting, next));

    if (one.guarantees().raisesTokens()) {
      long tomorrow = before + Duration.ofDays(1).toMillis() * 1_000;
      Claim ahead = claim(name);
      long raised = token("above tomorrow", ask(one, ahead, tomorrow));
      expect("a token above tomorrow", true, raised > tomorrow);
      expect("its release", Release.RELEASED, release(one, ahead, raised));
      Claim after = claim(name);
      long last = token("after tomorrow", ask(other, after, 0));
      expect("a token after tomorrow's", true, last > raised);
      expect("its release", Release.RELEASED, release(other, after, last));
    }
  }

  /** A lease that ends by itself, unseen by its holder. */
  private void outlive(String name) throws Exception {
    Claim silent = claim(name);
    long askedAt = System.nanoTime();
    long token = token("a short lease", heard(one.ask(new Ask(silent, SHORT, false, 1, 0))));
    Claim patient = claim(name);
    if (ask(other, patient, 0) instanceof Attempt.Granted granted) {
      boolean lasted = System.nanoTime() - askedAt < SHORT.toNanos();
      expect("while it lasts", false, lasted);
      Release unused = release(other, patient, granted.firstToken());
      if (!lasted) {
        outlive(name + "-again"); // this machine was too slow to ask while it lasted
      }
      return;
    }
    expect("its end", true, isFreeInTime(name));
    expect("a renewal after its end", "gone", word(heard(one.renew(silent, LONG))));
    expect("a release after its end", Release.GONE, release(one, silent, token));
    long next = token("after its end", ask(other, patient, 0));
    expect("its token is greater", true, next > token);
    expect("a late renewal", "gone", word(heard(one.renew(silent, LONG))));
    expect("a late release", Release.GONE, release(one, silent, token));
    expect("the next holder", "renewed", word(heard(other.renew(patient, LONG))));
    Release kept = heard(other.release(patient, next, LONG));
    expect("a release that keeps", Release.RELEASED, kept);
    expect("a kept lock", "refused", word(ask(one, claim(name), 0)));
  }

  /** Whether the store says that nobody has the lock, by its own clock, before patience ends. */
  private boolean isFreeInTime(String name) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - end < 0) {
      if (heard(((Inspectable) other).inspect(new LockName(name))).holder().isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static boolean isHinted(Semaphore hints) throws InterruptedException {
    return hints.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static Claim claim(String name) {
    return Claim.on(new LockName(name), "me");
  }

  private static Attempt ask(LockBackend backend, Claim claim, long above) throws Exception {
    return heard(backend.ask(new Ask(claim, LONG, false, 1, above)));
  }

  private static Release release(LockBackend backend, Claim claim, long used) throws Exception {
    return heard(backend.release(claim, used, Duration.ZERO));
  }
}
