package io.holdfast.mutants;

import static io.holdfast.testkit.history.Check.EXCLUSION;
import static io.holdfast.testkit.history.Check.FAIRNESS;
import static io.holdfast.testkit.history.Check.LEAKS;
import static io.holdfast.testkit.history.Check.LIVENESS;
import static io.holdfast.testkit.history.Check.LOSS_TOLD;
import static io.holdfast.testkit.history.Check.NO_LOST_UPDATE;
import static io.holdfast.testkit.history.Check.RESOURCE;
import static io.holdfast.testkit.history.Check.SILENCE;
import static io.holdfast.testkit.history.Check.TOKENS;

import io.holdfast.testkit.history.Check;
import io.holdfast.testkit.history.Load;
import java.util.List;
import java.util.function.ToLongFunction;

/** The mutants that simulated worlds give away, each with the check that is to find it. */
final class Mutants {

  private static final String ENGINE = "core/src/main/java/io/holdfast/engine/";
  private static final String SIMULATION = "simulation/src/main/java/io/holdfast/simulation/";
  static final String ACQUIRER = ENGINE + "Acquirer.java";
  private static final String BACKOFF = ENGINE + "Backoff.java";
  private static final String FAREWELL = ENGINE + "Farewell.java";
  private static final String HELD_LEASE = ENGINE + "HeldLease.java";
  private static final String HOLD = ENGINE + "Hold.java";
  private static final String LIVE_LEASE = ENGINE + "LiveLease.java";
  private static final String LOCAL_QUEUE = ENGINE + "LocalQueue.java";
  private static final String LOCK_ENGINE = ENGINE + "LockEngine.java";
  private static final String TERM = ENGINE + "Term.java";
  private static final String CALLER = SIMULATION + "Caller.java";
  private static final String REDIS_MODEL = SIMULATION + "RedisModel.java";
  private static final String REDIS_STORE = SIMULATION + "RedisStore.java";
  private static final String RESOURCE_ROW = SIMULATION + "Resource.java";

  private Mutants() {}

  static List<InWorlds> inWorlds() {
    return List.of(
        // ---- time

        found(
            EXCLUSION,
            "askedAt after the answer of an acquire",
            ACQUIRER,
            "granted(granted, asking, askedAt);",
            "granted(granted, asking, parts.now());"),
        found(
                EXCLUSION,
                "askedAt after the answer of a renewal",
                LIVE_LEASE,
                "renewed(askedAt, renewed.validFor());",
                "renewed(parts.now(), renewed.validFor());")
            .with(LATE_RENEWALS),
        found(
                EXCLUSION,
                "no drift",
                TERM,
                "return Duration.ofNanos(validFor.toNanos() / 100 + GRANULARITY);",
                "return Duration.ZERO;")
            .with(CLOCKS_RUN_APART),
        found(
                LOSS_TOLD,
                "LOST resurrected by a late renewal",
                HOLD,
                """
            return whileLive(
                now,
                live ->
                    validUntil - live.validUntil() >= 0 ? new Standing(LeaseState.HELD, validUntil) : live);
            """,
                """
            return standing.updateAndGet(
                live ->
                    validUntil - live.validUntil() >= 0 ? new Standing(LeaseState.HELD, validUntil) : live);
            """)
            .with(OFTEN_STOPPED),

        // ---- the store

        found(
                EXCLUSION,
                "a repeated ask answers the full lease",
                REDIS_MODEL,
                """
            pexpire(lockKey, leaseMillis, millis);
            String first = parts.group(1);
            """,
                "String first = parts.group(1);\n")
            .with(GRANTS_UNHEARD),
        found(
            SILENCE,
            "renew creates",
            REDIS_MODEL,
            """
            if (held.isEmpty() || !claim(held.get()).equals(Optional.of(claim))) {
              return List.of("gone");
            }
            """,
            """
            if (held.isEmpty()) {
              put(lockKey, "1|" + claim + "|", millis + leaseMillis);
            } else if (!claim(held.get()).equals(Optional.of(claim))) {
              return List.of("gone");
            }
            """),
        found(
            SILENCE,
            "renew without owner check",
            REDIS_MODEL,
            "if (held.isEmpty() || !claim(held.get()).equals(Optional.of(claim))) {",
            "if (held.isEmpty()) {"),
        found(
            SILENCE,
            "release without owner check",
            REDIS_MODEL,
            """
            if (!parts.matches() || !parts.group(2).equals(claim)) {
              return List.of("gone");
            }
            String first = parts.group(1);
            """,
            """
            if (!parts.matches()) {
              return List.of("gone");
            }
            String first = parts.group(1);
            """),
        found(
            EXCLUSION,
            "release by name after expiry",
            REDIS_STORE,
            """
            if (reply.get(0).equals("gone")) {
              return Release.GONE;
            }
            """,
            """
            if (reply.get(0).equals("gone")) {
              master.keys.delete(lock(claim));
              return Release.GONE;
            }
            """),

        // ---- tokens

        found(
            TOKENS,
            "token from a bare counter under flush",
            REDIS_MODEL,
            "double first = Math.max(Math.max(previousNumber + 1, above + 1), now);",
            "double first = Math.max(previousNumber + 1, above + 1);"),
        found(
                LEAKS,
                "tokenAbove ignored",
                REDIS_MODEL,
                "double above = tokenAbove;",
                "double above = 0;")
            .with(
                "fence_ahead=1,store=0,failovers=0,flushes=0,evictions=0,clock_steps=0,processes=2,callers=1,jobs=2,names=1"),
        new InWorlds(
            Mutant.of(
                    "token minted outside the atomic step",
                    REDIS_MODEL,
                    "private final Map<String, Entry> entries = new HashMap<>();",
                    """
                    private final Map<String, Entry> entries = new HashMap<>();
                    private final Map<String, Double> minted = new HashMap<>();
                    """)
                .and(
                    "double now = micros;",
                    """
                    double now = micros;
                    minted.putIfAbsent(claim, now);
                    """)
                .and(
                    "double first = Math.max(Math.max(previousNumber + 1, above + 1), now);",
                    "double first = Math.max(Math.max(previousNumber + 1, above + 1), minted.get(claim));"),
            Sign.of(TOKENS)),
        found(
                TOKENS,
                "counter expiry shorter than the lease",
                REDIS_MODEL,
                "put(counterKey, Long.toString((long) last), millis + (long) keep);",
                "put(counterKey, Long.toString((long) last), millis + leaseMillis / 2);")
            .with(CLOCK_STEPS),
        found(
                TOKENS,
                "counter expiry ignores a token ahead of the clock",
                REDIS_MODEL,
                "double keep = hour + Math.max((double) leaseMillis, Math.ceil((last - now) / 1000));",
                "double keep = hour + (double) leaseMillis;")
            .with(IDLE_FOR_HOURS),
        found(
                TOKENS,
                "span tokens handed twice",
                LIVE_LEASE,
                "hold = new Hold(ended.token() + 1, now, ended.at(now).validUntil());",
                "hold = new Hold(ended.token(), now, ended.at(now).validUntil());")
            .with("one_label=1"),
        found(
            LEAKS,
            "releases and withdrawals never leave the process",
            FAREWELL,
            "() -> parts.backend().release(claim, lastTokenUsed, keepFor),",
            "() -> new java.util.concurrent.CompletableFuture<>(),"),
        found(
            LIVENESS,
            "a wait ends at the first refusal",
            LOCAL_QUEUE,
            "} else if (!refusedForGood && waiter.isOverdue()) {",
            "} else if (!refusedForGood) {"),

        // ---- claims

        new InWorlds(
            Mutant.of(
                    "claim id per process instead of per claim",
                    ACQUIRER,
                    "this.claim = Claim.on(queue.name(), label);",
                    "this.claim = claimOfProcess();")
                .and("claim = Claim.on(queue.name(), label);", "claim = claimOfProcess();")
                .and(
                    "Claim claim() {",
                    """
                    /** The simulator's labels are p1t2: process and caller. */
                    private Claim claimOfProcess() {
                      return new Claim(queue.name(), "0".repeat(30) + label.substring(0, 2), label);
                    }

                    Claim claim() {
                    """),
            Sign.of(SILENCE)),
        found(
            SILENCE,
            "a claim that started over is asked for again",
            ACQUIRER,
            """
            withdraw(claim, unanswered > 0);
            claim = Claim.on(queue.name(), label);
            """,
            "withdraw(claim, unanswered > 0);\n"),
        found(
            SILENCE,
            "renewal sent after release",
            LIVE_LEASE,
            """
            phase = Phase.ENDING;
            stopTimer();
            """,
            """
            phase = Phase.ENDING;
            timer =
                parts
                    .time()
                    .schedule(
                        Duration.ofNanos(Math.max(0, renewAt - parts.now())),
                        () -> queue.mailbox().post(() -> renew(parts.now())));
            """),
        found(
            LOSS_TOLD,
            "a renewed lease is not renewed again",
            LIVE_LEASE,
            """
            renewAt = renewAt(askedAt, validFor);
            backoff = parts.backoff(longestPause());
            """,
            """
            renewAt = until;
            backoff = parts.backoff(longestPause());
            """),

        // ---- no answer

        found(
                "leases that expire while running",
                Load::expiredWhileRunning,
                "renewal stops after one error",
                LIVE_LEASE,
                """
                renewAt = now + backoff.next().toNanos();
                }
                if (standing.isLive()) {
                """,
                """
                renewAt = standing.validUntil();
                }
                if (standing.isLive()) {
                """)
            .with(ONLY_ERRORS),
        found(
                "acquires that gave up",
                Load::refusals,
                "BackendException read as \"busy\"",
                LOCAL_QUEUE,
                "lastFailure = failure;",
                "lastFailure = null;")
            .with(ALONE_AND_UNHEARD),
        found(
            EXCLUSION,
            "BackendException read as \"free\"",
            ACQUIRER,
            "} else if (isLatest && !done) {",
            """
            } else if (failure instanceof BackendException && isLatest && !done) {
              granted(new Attempt.Granted(1, 1, leaseFor()), asking, askedAt);
            } else if (isLatest && !done) {
            """),
        found(
            EXCLUSION,
            "BackendException of a renewal read as \"renewed\"",
            LIVE_LEASE,
            """
            } else if (failure != null) {
              unanswered(failure);
            }
            """,
            """
            } else if (failure != null) {
              renewed(askedAt, options.leaseFor());
            }
            """),
        found(
                LOSS_TOLD,
                "BackendException of a renewal read as \"lost\"",
                LIVE_LEASE,
                """
                } else if (failure != null) {
                  unanswered(failure);
                }
                """,
                """
                } else if (failure != null) {
                  gone();
                }
                """)
            .with(ONLY_ERRORS),
        found(
                LIVENESS,
                "no withdrawal on interrupt",
                LOCK_ENGINE,
                """
            abandon(waiter);
            throw e;
            """,
                "throw e;\n")
            .where(NO_COLLECTOR)
            .with(NOTHING.replace("interrupts=0", "interrupts=300")),
        found(
            LIVENESS,
            "withdrawal awaited",
            LOCAL_QUEUE,
            """
            leave.accept(this);
            waiter.busy();
            """,
            """
            leave.accept(this);
            mailbox.post(
                () ->
                    java.util.concurrent.CompletableFuture.allOf(
                            parts
                                .unanswered()
                                .values()
                                .toArray(new java.util.concurrent.CompletableFuture<?>[0]))
                        .whenComplete((settled, failed) -> waiter.busy()));
            """),
        found(
                LEAKS,
                "farewell not repeated where locks do not end by themselves",
                FAREWELL,
                "this.repeatUntil = parts.locksEndByThemselves() ? repeatUntil : parts.now() + Term.FOR_EVER;",
                "this.repeatUntil = repeatUntil;")
            .with(FAREWELLS_UNHEARD),

        // ---- waiting

        found(
            LIVENESS,
            "hint lost and no re-ask",
            ACQUIRER,
            "pauseFor(endsFirst ? backoff.notBefore(ends) : next);",
            ""),
        found(
            LIVENESS,
            "a grant is always taken for late",
            ACQUIRER,
            "} else if (Term.validUntil(askedAt, granted.validFor()) - parts.now() <= 0) {",
            "} else if (granted.validFor() != null) {"),
        found(
                LIVENESS,
                "backoff without cap",
                BACKOFF,
                "return doubled.compareTo(cap) < 0 ? doubled : cap;",
                "return doubled;")
            .with(HINTS_LOST),
        found(
                LIVENESS,
                "overdue waiter left in the queue",
                LOCAL_QUEUE,
                """
            } else if (!refusedForGood && waiter.isOverdue()) {
              giveUp(waiter);
            }
            """,
                "}\n")
            // Each of the two alone is covered by the other.
            .and(
                """
                if (waiters.remove(waiter)) {
                  end(waiter, new BackendException("No answer within waitAtMost and one request timeout"));
                  pump();
                }
                """,
                ""),
        found(
                LEAKS,
                "a lease granted to a cancelled waiter is not given back",
                LOCK_ENGINE,
                "result.get().giveBack(); // its owner ended the future: nobody would close it",
                "")
            .where(NO_COLLECTOR)
            .with(NOTHING.replace("cancels=0", "cancels=900") + SHORT_WAITS),
        found(
            LEAKS,
            "watch not closed",
            ACQUIRER,
            """
            done = true;
            stopPausing();
            stopWatching();
            """,
            """
            done = true;
            stopPausing();
            """),
        found(
                FAIRNESS,
                "hand-over to whoever came last",
                LOCAL_QUEUE,
                "return waiters.poll();",
                "return waiters.pollLast();")
            .with("one_label=1"),
        found(
                EXCLUSION,
                "local queue passes a lost lease on",
                LIVE_LEASE,
                """
            private void lose(LossCause cause) {
            phase = Phase.OVER;
            """,
                """
            private void lose(LossCause cause) {
            Waiter next = queue.pollAlike(options);
            if (next != null) {
              hold.lose();
              tellLost(cause);
              hold.outcome().complete(false);
              long now = parts.now();
              renewAt = renewAt(now, options.leaseFor());
              hold = new Hold(hold.token() + 1, now, validUntil(now, options.leaseFor()));
              next.granted(startHold());
              return;
            }
            phase = Phase.OVER;
            """)
            .with("one_label=1"),

        // ---- losses

        found(
                TOKENS,
                "hand-over beyond the span",
                LIVE_LEASE,
                "if (ended.token() == lastToken || renewals > 0 || now - renewAt >= 0) {",
                "if (renewals > 0 || now - renewAt >= 0) {")
            .with("one_label=1"),
        found(
            LOSS_TOLD,
            "LOST told twice",
            HOLD,
            "Runnable next = action;",
            "Runnable next = action;\ncallbacks.execute(next);\n"),
        found(
                LEAKS,
                "a lost lease is not given back where locks do not end by themselves",
                LIVE_LEASE,
                "if (cause != LossCause.ENDED_BY_STORE && !parts.locksEndByThemselves()) {",
                "if (cause != LossCause.ENDED_BY_STORE && parts.locksEndByThemselves()) {")
            .with("store=1"),
        found(
            LOSS_TOLD,
            "close of a lost lease returns normally",
            HELD_LEASE,
            """
            if (hold.release(parts.now()).state() == LeaseState.LOST) {
              return CompletableFuture.completedFuture(false);
            """,
            """
            if (hold.release(parts.now()).state() == LeaseState.LOST) {
              return CompletableFuture.completedFuture(true);
            """),
        found(
                LOSS_TOLD,
                "gone read as released",
                LIVE_LEASE,
                "if (answer == Release.GONE && validUntil - parts.now() > 0 && !lost) {",
                "if (answer == Release.GONE && lost) {")
            .with(FORGETFUL_STORE + ",merge=100000"),
        found(
            LOSS_TOLD,
            "onLost never told",
            HOLD,
            "for (Runnable action = onLost.poll(); action != null; action = onLost.poll()) {",
            "for (Runnable action : new java.util.ArrayList<Runnable>()) {"),
        found(
                LOSS_TOLD,
                "gone read as no answer",
                LIVE_LEASE,
                """
            } else if (answer != null) {
              gone();
            } else if
            """,
                """
            } else if (answer != null) {
              setTimer(hold.at(parts.now()));
            } else if
            """)
            .with(FORGETFUL_STORE),

        // ---- options

        found(
                LEAKS,
                "keepFor ignored",
                FAREWELL,
                "Duration keepFor = Duration.ofNanos(Math.max(0, keepUntil - parts.now()));",
                "Duration keepFor = Duration.ZERO;")
            .with(OPTIONS),
        found(
                LEAKS,
                "keepFor halved",
                FAREWELL,
                "Duration keepFor = Duration.ofNanos(Math.max(0, keepUntil - parts.now()));",
                "Duration keepFor = Duration.ofNanos(Math.max(0, keepUntil - parts.now()) / 2);")
            .with(OPTIONS),
        found(
                LEAKS,
                "holdAtMost ignored",
                LIVE_LEASE,
                "askedAt + options.holdAtMost().map(Duration::toNanos).orElse(Term.FOR_EVER);",
                "askedAt + Term.FOR_EVER;")
            .with(OPTIONS),

        // ---- guards

        found(
                NO_LOST_UPDATE,
                "guard compares the token only at the write (textbook)",
                RESOURCE_ROW,
                """
            if (fence < token || (fence == token && holder.equals(claimant))) {
              fence = token;
              holder = claimant;
            """,
                "if (fence <= token) {\n")
            .and("if (fence == token && holder.equals(claimant)) {", "if (fence <= token) {"),
        found(
            NO_LOST_UPDATE,
            "version not checked",
            RESOURCE_ROW,
            "if (fence <= token && version == versionRead) {",
            "if (fence <= token) {"),
        found(
            NO_LOST_UPDATE,
            "guard treats zero rows as success",
            CALLER,
            "case CONFLICT -> again(held);",
            """
            case CONFLICT -> {
              acknowledge(resource);
              finished(held);
            }
            """),
        found(
            RESOURCE,
            "guard reads the token at write time instead of at the grant",
            CALLER,
            """
            long token = held.lease.token();
            world.transact(
                process,
                () -> {
                  Verdict verdict =
            """,
            """
            long token = Math.max(held.lease.token(), resource.read().fence());
            world.transact(
                process,
                () -> {
                  Verdict verdict =
            """),
        new InWorlds(
            Mutant.of(
                    "acknowledgement before commit",
                    CALLER,
                    """
                    case ACCEPTED -> {
                      acknowledge(resource);
                      finished(held);
                    }
                    """,
                    "case ACCEPTED -> finished(held);\n")
                .and(
                    """
                    long token = held.lease.token();
                    world.transact(
                        process,
                        () -> {
                          Verdict verdict =
                    """,
                    """
                    long token = held.lease.token();
                    acknowledge(resource);
                    world.transact(
                        process,
                        () -> {
                          Verdict verdict =
                    """),
            Sign.of(NO_LOST_UPDATE)));
  }

  /** A lease that nobody can close any more is renewed until it is collected, which is chance. */
  private static final Mutant NO_COLLECTOR =
      Mutant.of(
              "leases are never collected",
              LIVE_LEASE,
              "holder = new WeakReference<>(lease);",
              "holder = new WeakReference<>(lease);\nuncollected = lease;\n")
          .and(
              "private boolean grantedAgain;",
              "private boolean grantedAgain;\nprivate @Nullable HeldLease uncollected;\n");

  static final String NOTHING =
      "late=0,loss=0,doubled=0,fails=0,cuts=0,silences=0,failovers=0,flushes=0,evictions=0,"
          + "clock_steps=0,clock_error=0,rate_error=0,pauses=0,crashes=0,stalls=0,cancels=0,"
          + "interrupts=0,keeps=0,limits=0,splits=0";

  /** Locks are kept and held for a limited time, and nothing goes wrong. */
  private static final String OPTIONS =
      NOTHING
          + ",store=0,keeps=500,limits=500,names=1,lease=500000,merge=50000,latency=500,"
          + "request_timeout=100000,wait_at_most=5000000";

  private static final String LATE_RENEWALS =
      NOTHING
          + ",store=0,late=200,tail=60000,loss=100,cuts=4,lease=150000,merge=200000,latency=1000,"
          + "request_timeout=100000,wait_at_most=5000000,names=1";

  private static final String CLOCKS_RUN_APART =
      NOTHING
          + ",store=0,rate_error=4000,cuts=4,lease=10000000,merge=10000000,latency=500,"
          + "request_timeout=1000000,wait_at_most=30000000,names=1";

  private static final String OFTEN_STOPPED =
      "store=0,pauses=60,lease=100000,merge=60000,latency=10000,callers=2,names=1";

  private static final String GRANTS_UNHEARD =
      NOTHING
          + ",store=0,loss=200,lease=100000,request_timeout=80000,merge=60000,latency=500,names=1,"
          + "wait_at_most=1000000";

  private static final String FORGETFUL_STORE =
      NOTHING
          + ",store=0,evictions=20,lease=300000,request_timeout=20000,merge=500000,latency=500,"
          + "names=1,wait_at_most=5000000";

  private static final String SHORT_WAITS =
      ",store=0,wait_at_most=1000,latency=100,lease=50000,merge=100";

  private static final String FAREWELLS_UNHEARD =
      "store=1,loss=400,fails=300,lease=5000000,request_timeout=20000,wait_at_most=30000000,"
          + "interrupts=300,cancels=300,callers=3,names=1,evictions=0,crashes=0";

  /** Nobody else can have the lock, and no question arrives: no answer is what there is to tell. */
  private static final String ALONE_AND_UNHEARD =
      NOTHING.replace("loss=0", "loss=1000")
          + ",store=0,processes=1,callers=1,names=1,wait_at_most=100000,lease=1000000,"
          + "request_timeout=100000,latency=1000,merge=1000";

  private static final String HINTS_LOST =
      "store=1,loss=150,lease=50000,request_timeout=20000,merge=200000,wait_at_most=30000000";

  /**
   * Clocks that are set now and then, a store that keeps its keys, and tokens ahead of the clock.
   */
  private static final String CLOCK_STEPS =
      "store=0,clock_steps=2,clock_error=500000,failovers=0,flushes=0,evictions=0";

  /** Rows that have tomorrow's fence, and hours without a question, in which a counter may end. */
  private static final String IDLE_FOR_HOURS =
      NOTHING
          + ",store=0,fence_ahead=1,processes=1,callers=1,names=1,jobs=4,lease=600000000,"
          + "merge=3600000000,latency=1000,request_timeout=1000000,wait_at_most=5000000";

  /** Questions fail at once now and then; nothing else is wrong, and merges outlast renewals. */
  private static final String ONLY_ERRORS =
      "fails=100,late=0,loss=0,doubled=0,cuts=0,silences=0,failovers=0,flushes=0,evictions=0,"
          + "clock_steps=0,clock_error=0,rate_error=0,pauses=0,crashes=0,stalls=0,limits=0,"
          + "lease=2000000,request_timeout=500000,merge=2000000,latency=1000";

  static InWorlds found(Check by, String name, String file, String text, String replacement) {
    return new InWorlds(Mutant.of(name, file, text, replacement), Sign.of(by));
  }

  static InWorlds found(
      String figure,
      ToLongFunction<Load> by,
      String name,
      String file,
      String text,
      String replacement) {
    return new InWorlds(Mutant.of(name, file, text, replacement), Sign.of(figure, by));
  }
}
