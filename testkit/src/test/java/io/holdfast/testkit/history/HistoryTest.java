package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Acknowledged;
import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Disturbed;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.GaveUp;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Paused;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import io.holdfast.testkit.history.Event.Write;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Histories written by hand, in milliseconds, of one lock and one resource. The lease is 1000, a
 * question takes 100 at most, a pause 100, and 50 are forgiven.
 */
abstract class HistoryTest {

  static final Expectations EXPECTED =
      Expectations.DEFAULTS
          .leaseFor(Duration.ofSeconds(1))
          .requestTimeout(Duration.ofMillis(100))
          .longestBackoff(Duration.ofMillis(100))
          .slack(Duration.ofMillis(50));

  static Verdict check(Expectations expected, Event... events) {
    return new HistoryChecker(expected).check(List.of(events));
  }

  static void isClean(Event... events) {
    isClean(EXPECTED, events);
  }

  static void isClean(Expectations expected, Event... events) {
    Verdict verdict = check(expected, events);
    assertThat(verdict.violations()).as(verdict.report()).isEmpty();
  }

  /** Exactly this check finds something, and says so in these words. */
  static void isCaught(Check by, String saying, Event... events) {
    isCaught(EXPECTED, by, saying, events);
  }

  static void isCaught(Expectations expected, Check by, String saying, Event... events) {
    Verdict verdict = check(expected, events);
    assertThat(verdict.broken()).as(verdict.report()).containsExactly(by);
    assertThat(verdict.violations())
        .extracting(Violation::what)
        .anyMatch(it -> it.contains(saying));
    assertThat(verdict.report()).contains(by.code() + " " + by.name());
  }

  /** The check finds something, and so does the oracle, which sees it in another way. */
  static void isCaughtTwice(Check by, String saying, Event... events) {
    Verdict verdict = check(EXPECTED, events);
    assertThat(verdict.broken()).as(verdict.report()).containsExactly(by, Check.LINEARIZABILITY);
    assertThat(verdict.violations())
        .extracting(Violation::what)
        .anyMatch(it -> it.contains(saying));
  }

  static long ms(long at) {
    return at == Long.MAX_VALUE ? at : TimeUnit.MILLISECONDS.toNanos(at);
  }

  static Acquire got(long hold, String process, long from, long to, long token, long validUntil) {
    return got(hold, process, from, to, token, validUntil, -1);
  }

  static Acquire got(
      long hold, String process, long from, long to, long token, long validUntil, long wait) {
    long waitAtMost = wait < 0 ? -1 : ms(wait);
    return new Acquire(
        process, "lock", hold, ms(from), ms(to), Outcome.OK, token, ms(validUntil), waitAtMost);
  }

  static Acquire asked(
      long hold, String process, long from, long to, Outcome outcome, long waitAtMost) {
    long wait = waitAtMost < 0 ? -1 : ms(waitAtMost);
    return new Acquire(process, "lock", hold, ms(from), ms(to), outcome, 0, 0, wait);
  }

  static Look look(long hold, long at, long token, long validUntil) {
    return new Look("p", hold, ms(at), token, ms(validUntil));
  }

  static Lost lost(long hold, long at) {
    return new Lost("p", hold, ms(at));
  }

  static Release released(long hold, long from, long to) {
    return released(hold, from, to, Outcome.OK);
  }

  static Release released(long hold, long from, long to, Outcome outcome) {
    return new Release("p", hold, ms(from), ms(to), outcome);
  }

  static Claim claimed(long hold, long token, long at) {
    return new Claim("row", "p", hold, token, ms(at), true);
  }

  static Claim refused(long hold, long token, long at) {
    return new Claim("row", "p", hold, token, ms(at), false);
  }

  static Write wrote(long hold, long token, String id, long versionRead, long at) {
    return new Write("row", "p", hold, token, id, versionRead, ms(at), true);
  }

  static Write failed(long hold, long token, String id, long versionRead, long at) {
    return new Write("row", "p", hold, token, id, versionRead, ms(at), false);
  }

  static Acknowledged told(String id, long at) {
    return new Acknowledged("row", id, ms(at));
  }

  static Content content(String... ids) {
    return new Content("row", List.of(ids), ms(100_000));
  }

  static Sent sent(long claim, Message message, long at) {
    return new Sent("p", "lock", claim, message, ms(at));
  }

  static Stored stored(long claim, Effect effect, long token, boolean wasHolder, long at) {
    return new Stored("lock", claim, effect, token, wasHolder, ms(at));
  }

  static Paused paused(String process, long from, long to) {
    return new Paused(process, ms(from), ms(to));
  }

  static Crashed crashed(String process, long at) {
    return new Crashed(process, ms(at));
  }

  static GaveUp gaveUp(String process, long at) {
    return new GaveUp(process, ms(at));
  }

  static Disturbed disturbed(Fault fault, long from, long to) {
    return new Disturbed(fault, ms(from), ms(to));
  }
}
