package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.LocksConfig;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What can be said of any store by using it: what its provider knows, then one lock, asked for,
 * renewed and given back. Its name is always the same, because stores remember names: a file for
 * ever, a row for a day. Used by one thread, which waits.
 */
final class Examination {

  private static final Duration CLOCKS_APART = Duration.ofHours(1);

  /** Who looks the store over at the same time has another of these names. */
  private static final int NAMES = 16;

  private final BackendProvider provider;
  private final String url;
  private final StoreContext context;
  private final List<Finding> findings = new ArrayList<>();
  private final Queue<String> warnings = new ConcurrentLinkedQueue<>();

  Examination(BackendProvider provider, String url, Time time, LocksConfig config) {
    this.provider = provider;
    this.url = url;
    this.context =
        new StoreContext(time, config.requestTimeout(), config.options().leaseFor(), warnings::add);
  }

  List<Finding> findings() {
    findings.addAll(provider.examine(url, context));
    boolean refused =
        findings.stream().anyMatch(finding -> finding.level() == Finding.Level.REFUSED);
    if (!refused) {
      connect();
    }
    warnings.stream().distinct().map(Examination::warned).forEach(findings::add);
    return List.copyOf(findings);
  }

  /** What a backend tells its operator while it connects and locks; the cure is its last words. */
  private static Finding warned(String text) {
    int cure = text.lastIndexOf(": ");
    return cure < 0
        ? Finding.warning("advice", text, "")
        : Finding.warning("advice", text.substring(0, cure), text.substring(cure + 2));
  }

  private void connect() {
    try (LockBackend backend = provider.connect(url, context)) {
      findings.add(Finding.ok("connection", backend.guarantees().store()));
      tryLock(backend);
    } catch (StoreRefusedException e) {
      findings.add(Finding.refused("connection", textOf(e), "change what it names"));
    } catch (BackendException e) {
      findings.add(
          Finding.refused("connection", textOf(e), "see that the store runs and can be reached"));
    }
  }

  private static String textOf(LockException e) {
    return String.valueOf(e.getMessage());
  }

  private void tryLock(LockBackend backend) {
    long since = context.time().nanoTime();
    try {
      Tried tried = firstFree(backend);
      Claim claim = tried.claim();
      Attempt attempt = tried.attempt();
      Renewal renewal = answer(backend, claim, backend.renew(claim, context.leaseFor()));
      Release release = answer(backend, claim, giveBack(backend, claim));
      boolean works =
          attempt instanceof Attempt.Granted
              && renewal instanceof Renewal.Renewed
              && release == Release.RELEASED;
      String took = "in %.1f ms".formatted((context.time().nanoTime() - since) / 1e6);
      if (works) {
        findings.add(Finding.ok("a lock", "granted, renewed and released " + took));
        compareClocks((Attempt.Granted) attempt);
      } else {
        findings.add(
            Finding.refused(
                "a lock",
                "a lock that nobody else wants was answered with %s, %s, %s"
                    .formatted(wordOf(attempt), wordOf(renewal), release),
                "see what else uses or clears this store"));
      }
    } catch (LockException e) {
      findings.add(
          Finding.refused("a lock", textOf(e), "see the rights and settings that it names"));
    }
  }

  private record Tried(Claim claim, Attempt attempt) {}

  private Tried firstFree(LockBackend backend) {
    String label = HostLabel.of(Thread.currentThread().getName());
    for (int number = 1; ; number++) {
      Claim claim = Claim.on(new LockName("holdfast-doctor/" + number), label);
      Ask ask = new Ask(claim, context.leaseFor(), false, 1, 0);
      Attempt attempt = answer(backend, claim, backend.ask(ask));
      if (attempt instanceof Attempt.Granted || number == NAMES) {
        return new Tried(claim, attempt);
      }
    }
  }

  private static String wordOf(Object answer) {
    return answer.getClass().getSimpleName();
  }

  private void compareClocks(Attempt.Granted granted) {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    Duration ahead = Duration.of(granted.firstToken() - now, ChronoUnit.MICROS);
    String text =
        "%s, %s s %s this host's clock"
            .formatted(
                granted.firstToken(),
                ahead.abs().toSeconds(),
                ahead.isNegative() ? "behind" : "ahead of");
    findings.add(
        ahead.abs().compareTo(CLOCKS_APART) <= 0
            ? Finding.ok("token", text)
            : Finding.warning(
                "token",
                text,
                "set the clocks: rows that another store's tokens guard may be ahead"));
  }

  /** The answer; without one the claim may have the lock, and is given back as well as can be. */
  private <A> A answer(LockBackend backend, Claim claim, CompletionStage<A> question) {
    try {
      return answer(question);
    } catch (LockException e) {
      try {
        answer(giveBack(backend, claim));
      } catch (LockException stillUnheard) {
        e.addSuppressed(stillUnheard);
      }
      throw e;
    }
  }

  private static CompletionStage<Release> giveBack(LockBackend backend, Claim claim) {
    return backend.release(claim, 0, Duration.ZERO);
  }

  private <A> A answer(CompletionStage<A> question) {
    return context.await(
        question,
        "the store",
        failure -> new BackendException("The question to the store failed", failure));
  }
}
