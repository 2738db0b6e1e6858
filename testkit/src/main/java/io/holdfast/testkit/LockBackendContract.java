package io.holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every backend keeps, on its real store. Extend it, say how to open the store and how an
 * operator ends a lock by hand, and run it; the names of the tests are the specification. What is
 * skipped follows from {@link Guarantees}.
 *
 * <p>Every test has names of its own, so the store may be shared; nothing waits for a stopwatch,
 * only for what has to happen, with a limit that no slow machine reaches.
 */
public abstract class LockBackendContract {

  /** Longer than any test takes. */
  protected static final Duration LONG = Duration.ofMinutes(10);

  /** Short enough to wait for its end. */
  protected static final Duration SHORT = Duration.ofMillis(400);

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private LockBackend backend;
  private LockBackend another;
  private LockName name;
  private Claim first;
  private Claim second;

  /** For subclasses. */
  protected LockBackendContract() {}

  /** Opens another adapter to the one store of this test class. */
  protected abstract LockBackend open();

  /** Ends whoever has the lock, as an operator would; what makes tokens grow may go with it. */
  protected abstract void deleteByHand(LockName locked);

  /** What the store keeps for a name at this moment, each in words: keys, rows, nodes. */
  protected abstract List<String> contents(LockName locked);

  /** Those of {@link #contents} that would never end by themselves. */
  protected abstract List<String> immortals(LockName locked);

  @BeforeEach
  void openTwice() {
    backend = open();
    another = open();
    name = newName();
    first = claim(name, "first");
    second = claim(name, "second");
  }

  @AfterEach
  void close() {
    backend.close();
    another.close();
  }

  private static LockName newName() {
    return new LockName("contract:" + UUID.randomUUID());
  }

  private static Claim claim(LockName name, String label) {
    return Claim.on(name, label);
  }

  private static <A> A answer(CompletionStage<A> question) throws Exception {
    return question.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static Ask asking(Claim claim, Duration leaseFor) {
    return new Ask(claim, leaseFor, false, 1, 0);
  }

  private Attempt ask(Claim claim, Duration leaseFor) throws Exception {
    return answer(backend.ask(asking(claim, leaseFor)));
  }

  private Attempt.Granted granted(Claim claim, Duration leaseFor) throws Exception {
    return granted(asking(claim, leaseFor));
  }

  private Attempt.Granted granted(Ask ask) throws Exception {
    return assertThat(answer(backend.ask(ask))).asInstanceOf(type(Attempt.Granted.class)).actual();
  }

  private static <T>
      org.assertj.core.api.InstanceOfAssertFactory<T, org.assertj.core.api.ObjectAssert<T>> type(
          Class<T> type) {
    return org.assertj.core.api.InstanceOfAssertFactories.type(type);
  }

  private void refused(Claim claim) throws Exception {
    assertThat(answer(another.ask(asking(claim, LONG)))).isInstanceOf(Attempt.Refused.class);
  }

  /** Refused, and known to wait: a store may tell only those of a release. */
  private void waits(Claim claim) throws Exception {
    Ask waiting = new Ask(claim, LONG, true, 1, 0);
    assertThat(answer(another.ask(waiting))).isInstanceOf(Attempt.Refused.class);
  }

  private Renewal renew(Claim claim) throws Exception {
    return answer(backend.renew(claim, LONG));
  }

  private Release release(Claim claim) throws Exception {
    return answer(backend.release(claim, 0, Duration.ZERO));
  }

  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).untilAsserted(assertion);
  }

  /** The end of a lease that nobody renews. */
  private Attempt.Granted grantedOnceFree(Claim claim) throws Exception {
    List<Attempt.Granted> grants = new ArrayList<>();
    eventually(() -> grants.add(granted(claim, LONG)));
    return grants.get(0);
  }

  @Test
  void freeLockIsGranted() throws Exception {
    assertThat(granted(first, LONG).validFor()).isPositive().isLessThanOrEqualTo(LONG);
  }

  @Test
  void heldLockIsRefusedToAnother() throws Exception {
    granted(first, LONG);
    refused(second);
  }

  @Test
  void twoClaimsOfOneBackendExcludeEachOther() throws Exception {
    granted(first, LONG);
    assertThat(ask(second, LONG)).isInstanceOf(Attempt.Refused.class);
  }

  @Test
  void ofManyClaimsAtOnceOneIsGranted() throws Exception {
    List<CompletionStage<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      LockBackend through = i % 2 == 0 ? backend : another;
      asked.add(through.ask(asking(claim(name, "one of many"), LONG)));
    }
    int grants = 0;
    for (CompletionStage<Attempt> question : asked) {
      grants += answer(question) instanceof Attempt.Granted ? 1 : 0;
    }
    assertThat(grants).isEqualTo(1);
  }

  @Test
  void refusedAskWithoutWaitingLeavesNothingBehind() throws Exception {
    granted(first, LONG);
    List<String> before = contents(name);
    refused(second);
    assertThat(contents(name)).isEqualTo(before);
  }

  @Test
  void repeatedAskIsTheSameGrant() throws Exception {
    Attempt.Granted once = granted(new Ask(first, LONG, false, 4, 0));
    Attempt.Granted again = granted(new Ask(first, LONG, false, 4, 0));
    assertThat(again.firstToken()).isEqualTo(once.firstToken());
    assertThat(again.span()).isEqualTo(once.span());
  }

  /** A greater token would say that the store had forgotten the grant. */
  @Test
  void asksOfOneClaimAtOnceAreOneGrant() throws Exception {
    List<CompletionStage<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asked.add(backend.ask(new Ask(first, LONG, false, 4, 0)));
    }
    List<Long> tokens = new ArrayList<>();
    for (CompletionStage<Attempt> question : asked) {
      Attempt answer = answer(question);
      tokens.add(
          assertThat(answer).asInstanceOf(type(Attempt.Granted.class)).actual().firstToken());
    }
    assertThat(tokens).containsOnly(tokens.get(0));
  }

  @Test
  void repeatedAskNeverPromisesMoreThanTheStoreKeeps() throws Exception {
    assumeThat(backend.guarantees().endsByItself()).isTrue();
    for (List<Duration> leases : List.of(List.of(SHORT, LONG), List.of(LONG, SHORT))) {
      Claim twice = claim(newName(), "asks twice");
      LockName other = newName();
      granted(twice, leases.get(0));
      Duration promised = granted(twice, leases.get(1)).validFor();
      granted(claim(other, "no older than the second answer"), SHORT);
      grantedOnceFree(claim(other, "later"));
      if (promised.compareTo(SHORT) > 0) {
        refused(claim(twice.name(), "another"));
      }
    }
  }

  /** Java writes other digits in some of them. */
  @Test
  void whatIsStoredIsTheSameInEveryLocale() throws Exception {
    Locale own = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("fa-IR-u-nu-arabext"));
    long token;
    try (LockBackend elsewhere = open()) {
      token =
          assertThat(answer(elsewhere.ask(asking(first, LONG))))
              .asInstanceOf(type(Attempt.Granted.class))
              .actual()
              .firstToken();
      assertThat(answer(elsewhere.renew(first, LONG))).isInstanceOf(Renewal.Renewed.class);
      if (elsewhere instanceof Inspectable store) {
        assertThat(answer(store.inspect(name)).holder()).isPresent();
      }
      assertThat(answer(elsewhere.release(first, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    } finally {
      Locale.setDefault(own);
    }
    assertThat(granted(second, LONG).firstToken()).isGreaterThan(token);
  }

  @Test
  void tokenGrowsPastARelease() throws Exception {
    long before = granted(first, LONG).firstToken();
    release(first);
    assertThat(granted(second, LONG).firstToken()).isGreaterThan(before);
  }

  @Test
  void tokenGrowsPastAnExpiry() throws Exception {
    assumeThat(backend.guarantees().endsByItself()).isTrue();
    long before = granted(first, SHORT).firstToken();
    assertThat(grantedOnceFree(second).firstToken()).isGreaterThan(before);
  }

  @Test
  void tokenGrowsPastADeletionByHand() throws Exception {
    long before = granted(first, LONG).firstToken();
    deleteByHand(name);
    assertThat(granted(second, LONG).firstToken()).isGreaterThan(before);
  }

  @Test
  void tokenGrowsWithEveryGrant() throws Exception {
    long before = 0;
    for (int i = 0; i < 100; i++) {
      Claim next = claim(name, "one after the other");
      long token = granted(next, LONG).firstToken();
      assertThat(token).isGreaterThan(before);
      before = token;
      release(next);
    }
  }

  @Test
  void tokenIsNotBelowTheClock() throws Exception {
    long before = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    assertThat(granted(first, LONG).firstToken())
        .isGreaterThanOrEqualTo(before)
        .isLessThan(LockOptions.TOKEN_LIMIT);
  }

  @Test
  void tokenIsAboveTheOneAskedFor() throws Exception {
    assumeThat(backend.guarantees().raisesTokens()).isTrue();
    long above = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now().plus(300, ChronoUnit.DAYS));
    assertThat(granted(new Ask(first, LONG, false, 1, above)).firstToken()).isEqualTo(above + 1);
    release(first);
    assertThat(granted(second, LONG).firstToken()).isGreaterThan(above + 1);
  }

  @Test
  void absurdTokenAboveIsRefusedAndTakesNothing() throws Exception {
    assumeThat(backend.guarantees().raisesTokens()).isTrue();
    long absurd =
        ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now().plus(401, ChronoUnit.DAYS));
    for (long above : new long[] {absurd, LockOptions.TOKEN_LIMIT - 2}) {
      assertThatThrownBy(() -> granted(new Ask(first, LONG, false, 1, above)))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(StoreRefusedException.class);
    }
    granted(second, LONG);
  }

  @Test
  void tokensOfASpanAreAllBelowTheNextGrants() throws Exception {
    Attempt.Granted span = granted(new Ask(first, LONG, false, Ask.MAX_SPAN, 0));
    assertThat(span.span()).isBetween(1, Ask.MAX_SPAN);
    long lastUsed = span.firstToken() + span.span() / 2;
    answer(backend.release(first, lastUsed, Duration.ZERO));
    assertThat(granted(second, LONG).firstToken()).isGreaterThan(lastUsed);
  }

  @Test
  void tokensOfASpanThatWasNeverReleasedAreNotGivenAgain() throws Exception {
    Attempt.Granted span = granted(new Ask(first, LONG, false, Ask.MAX_SPAN, 0));
    deleteLockOnly(span);
    assertThat(granted(second, LONG).firstToken())
        .isGreaterThan(span.firstToken() + span.span() - 1);
  }

  /** An expiry would do, too, but this does not wait. */
  private void deleteLockOnly(Attempt.Granted span) throws Exception {
    answer(backend.release(first, span.firstToken() + span.span() - 1, Duration.ZERO));
  }

  /** Whether what was granted for a {@link #SHORT} while may be over: a machine may stall. */
  private static boolean mayBeOver(long sinceNanos) {
    return System.nanoTime() - sinceNanos > SHORT.minusMillis(20).toNanos(); // clocks differ
  }

  @Test
  void renewalProlongs() throws Exception {
    assumeThat(backend.guarantees().endsByItself()).isTrue();
    Claim renewed;
    Claim other;
    Renewal renewal;
    long since;
    do {
      renewed = claim(newName(), "renewed");
      other = claim(newName(), "as old as the first grant");
      since = System.nanoTime();
      granted(renewed, SHORT);
      granted(other, SHORT);
      renewal = renew(renewed);
    } while (renewal instanceof Renewal.Gone && mayBeOver(since));
    assertThat(renewal).isInstanceOf(Renewal.Renewed.class);
    grantedOnceFree(claim(other.name(), "later"));
    refused(claim(renewed.name(), "another"));
  }

  @Test
  void renewalAfterTheEndIsRefused() throws Exception {
    assumeThat(backend.guarantees().endsByItself()).isTrue();
    granted(first, SHORT);
    grantedOnceFree(second);
    release(second);
    assertThat(renew(first)).isInstanceOf(Renewal.Gone.class);
    granted(claim(name, "third"), LONG);
  }

  @Test
  void renewalAfterADeletionByHandIsRefused() throws Exception {
    granted(first, LONG);
    deleteByHand(name);
    assertThat(renew(first)).isInstanceOf(Renewal.Gone.class);
    granted(second, LONG);
  }

  @Test
  void renewalByAnotherClaimIsRefusedAndChangesNothing() throws Exception {
    granted(first, LONG);
    assertThat(renew(second)).isInstanceOf(Renewal.Gone.class);
    assertThat(renew(first)).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void renewalOfNothingIsRefusedAndCreatesNothing() throws Exception {
    assertThat(renew(first)).isInstanceOf(Renewal.Gone.class);
    assertThat(contents(name)).isEmpty();
    granted(second, LONG);
  }

  @Test
  void releaseByAnotherChangesNothing() throws Exception {
    granted(first, LONG);
    assertThat(release(second)).isEqualTo(Release.GONE);
    assertThat(renew(first)).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void lateReleaseDoesNotFreeTheNextGrant() throws Exception {
    granted(first, LONG);
    deleteByHand(name);
    granted(second, LONG);
    assertThat(release(first)).isEqualTo(Release.GONE);
    assertThat(renew(second)).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void lateRenewalDoesNotProlongTheNextGrant() throws Exception {
    granted(first, LONG);
    deleteByHand(name);
    granted(second, LONG);
    assertThat(renew(first)).isInstanceOf(Renewal.Gone.class);
    assertThat(release(second)).isEqualTo(Release.RELEASED);
  }

  @Test
  void releaseMayBeRepeated() throws Exception {
    granted(first, LONG);
    assertThat(release(first)).isEqualTo(Release.RELEASED);
    assertThat(release(first)).isEqualTo(Release.GONE);
    granted(second, LONG);
  }

  @Test
  void releaseOfNothingIsGone() throws Exception {
    assertThat(release(first)).isEqualTo(Release.GONE);
    assertThat(contents(name)).isEmpty();
  }

  @Test
  void keepForOutlivesTheRelease() throws Exception {
    assumeThat(backend.guarantees().keeps()).isTrue();
    granted(first, LONG);
    assertThat(answer(backend.release(first, 0, LONG))).isEqualTo(Release.RELEASED);
    refused(second);
    assertThat(renew(first)).isInstanceOf(Renewal.Gone.class);
    assertThat(release(first)).isEqualTo(Release.GONE);
    refused(second);
  }

  @Test
  void keptLockIsFreeInTheEndAndItsTokenGrows() throws Exception {
    assumeThat(backend.guarantees().keeps()).isTrue();
    long before = granted(first, LONG).firstToken();
    answer(backend.release(first, before, SHORT));
    assertThat(grantedOnceFree(second).firstToken()).isGreaterThan(before);
  }

  @Test
  void withdrawnClaimIsNotInTheWay() throws Exception {
    granted(first, LONG);
    waits(second);
    assertThat(answer(another.release(second, 0, Duration.ZERO))).isEqualTo(Release.GONE);
    release(first);
    granted(claim(name, "third"), LONG);
  }

  @Test
  void refusalSaysWhenToAskAgainAndNotTooLate() throws Exception {
    Attempt attempt;
    long since;
    do {
      LockName held = newName();
      since = System.nanoTime();
      granted(claim(held, "holder"), SHORT);
      attempt = answer(another.ask(asking(claim(held, "another"), LONG)));
    } while (attempt instanceof Attempt.Granted && mayBeOver(since));
    assertThat(attempt).isInstanceOf(Attempt.Refused.class);
    assertThat(((Attempt.Refused) attempt).askAgainIn())
        .isBetween(Duration.ZERO, SHORT.plus(backend.guarantees().granularity()).plusMillis(1));
  }

  /** Who has a place in a line may listen from the moment of the refusal on, and miss nothing. */
  private void awaitListening(AtomicInteger hints) {
    if (!backend.guarantees().fair()) {
      eventually(() -> assertThat(hints.get()).as("a hint when listening begins").isPositive());
    }
  }

  @Test
  void hintTellsOfARelease() throws Exception {
    assumeThat(backend.guarantees().tellsOfRelease()).isTrue();
    granted(first, LONG);
    waits(second);
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(second, hints::incrementAndGet)) {
      awaitListening(hints);
      int before = hints.get();
      release(first);
      eventually(() -> assertThat(hints.get()).isGreaterThan(before));
    }
  }

  @Test
  void closedWatchOfOneClaimLeavesThatOfAnother() throws Exception {
    assumeThat(backend.guarantees().tellsOfRelease()).isTrue();
    granted(first, LONG);
    waits(second);
    AtomicInteger hints = new AtomicInteger();
    Watch closed = another.watch(claim(name, "third"), () -> {});
    try (Watch watch = another.watch(second, hints::incrementAndGet)) {
      closed.close();
      closed.close();
      awaitListening(hints);
      int before = hints.get();
      release(first);
      eventually(() -> assertThat(hints.get()).isGreaterThan(before));
    }
  }

  @Test
  void namesAtTheEdgesAreIndependent() throws Exception {
    String unique = UUID.randomUUID().toString();
    List<String> edges =
        List.of(
            "a" + unique,
            "A" + unique,
            unique + "/",
            unique + "/a",
            unique + "/A",
            unique + ":",
            unique + ":a",
            unique + ".",
            unique + "..",
            unique + "@",
            unique + "-",
            unique + "_",
            unique + "a".repeat(LockName.MAX_LENGTH - unique.length() - 1) + "a",
            unique + "a".repeat(LockName.MAX_LENGTH - unique.length() - 1) + "b");
    for (String edge : edges) {
      granted(claim(new LockName(edge), edge.substring(0, 20)), LONG);
    }
    for (String edge : edges) {
      refused(claim(new LockName(edge), "another"));
    }
  }

  @Test
  void inspectShowsTheHolderAndNeverTheClaim() throws Exception {
    assumeThat(backend).isInstanceOf(Inspectable.class);
    Inspectable store = (Inspectable) backend;
    assertThat(answer(store.inspect(name)).holder()).isEmpty();
    await().atMost(LIMIT).until(() -> isToldTheTokenAndTheRest(store));
    assertThat(answer(store.inspect(name)).holder()).isEmpty();
  }

  /** A store need not know the token of every grant, but tells no other one. */
  private boolean isToldTheTokenAndTheRest(Inspectable store) throws Exception {
    String label = "host | 42 | \"thread\" \\ {x}";
    Claim labelled = claim(name, label);
    long token = granted(labelled, LONG).firstToken();
    Inspection seen = answer(store.inspect(name));
    assertThat(seen.name()).isEqualTo(name);
    assertThat(seen.toString()).doesNotContain(labelled.id());
    Inspection.Holder holder = seen.holder().orElseThrow();
    assertThat(holder.label()).isEqualTo(label);
    assertThat(holder.token().orElse(token)).isEqualTo(token);
    release(labelled);
    return holder.token().isPresent();
  }

  @Test
  void nothingIsLeftWithoutAnExpiry() throws Exception {
    assumeThat(backend.guarantees().endsByItself()).isTrue();
    granted(first, LONG);
    answer(another.ask(new Ask(second, LONG, true, 1, 0)));
    assertThat(immortals(name)).isEmpty();
    release(first);
    answer(another.release(second, 0, Duration.ZERO));
    assertThat(immortals(name)).isEmpty();
    granted(claim(name, "third"), LONG);
    assertThat(immortals(name)).isEmpty();
  }

  @Test
  void closedBackendFailsEveryQuestionAndHangsNone() throws Exception {
    LockBackend closed = open();
    closed.close();
    closed.close();
    try {
      answer(closed.ask(asking(first, SHORT)));
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(io.holdfast.LockException.class);
    } catch (TimeoutException e) {
      throw new AssertionError("A question to a closed backend was never completed", e);
    }
  }
}
