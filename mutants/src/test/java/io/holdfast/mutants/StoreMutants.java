package io.holdfast.mutants;

import static io.holdfast.mutants.Mutants.ACQUIRER;
import static io.holdfast.mutants.Mutants.NOTHING;
import static io.holdfast.mutants.Mutants.found;
import static io.holdfast.testkit.history.Check.EXCLUSION;
import static io.holdfast.testkit.history.Check.FAIRNESS;
import static io.holdfast.testkit.history.Check.LEAKS;
import static io.holdfast.testkit.history.Check.LIVENESS;
import static io.holdfast.testkit.history.Check.LOSS_TOLD;
import static io.holdfast.testkit.history.Check.SILENCE;
import static io.holdfast.testkit.history.Check.TOKENS;

import java.util.List;

/**
 * The mutants of the models of stores that are not like a Redis: sessions with a line, connections
 * that are leases, and a table of leases.
 */
final class StoreMutants {

  private static final String SIMULATION = "simulation/src/main/java/io/holdfast/simulation/";
  private static final String LINE = SIMULATION + "Line.java";
  private static final String OPENING = SIMULATION + "Opening.java";
  private static final String SESSION_BACKEND = SIMULATION + "SessionBackend.java";
  private static final String SESSION_STORE = SIMULATION + "SessionStore.java";
  private static final String CONNECTION_BACKEND = SIMULATION + "ConnectionBackend.java";
  private static final String TABLE_STORE = SIMULATION + "TableStore.java";

  private StoreMutants() {}

  static List<InWorlds> inWorlds() {
    return List.of(
        // ---- sessions with a line: tokens

        found(
                TOKENS,
                "base cached instead of read at the grant",
                SESSION_BACKEND,
                "private long seen;",
                "private long seen;\nprivate long cachedBase;")
            .and(
                "asked.grantedAt = process.nanoTime();",
                """
                asked.grantedAt = process.nanoTime();
                cachedBase = cachedBase == 0 ? standing.base() : cachedBase;
                """)
            .and("standing.base() + standing.created()", "cachedBase + standing.created()")
            .with(BASES_RISE),
        found(
                TOKENS,
                "base read before the line, by a follower that lags",
                SESSION_STORE,
                "CompletableFuture<Standing> standing = new CompletableFuture<>();",
                """
                CompletableFuture<Standing> standing = new CompletableFuture<>();
                long early = follower.known.base();
                """)
            .and(
                "() -> standing.complete(standing(follower.known, mine, claim)));",
                """
                () -> {
                  Standing read = standing(follower.known, mine, claim);
                  standing.complete(
                      new Standing(
                          read.revision(), read.isOver(), read.position(), read.created(), early));
                });
                """)
            .with(BASES_RISE),
        found(
                TOKENS,
                "sequence suffix as token, of a parent that goes when it is empty",
                SESSION_STORE,
                "private final Set<Long> waited = new HashSet<>();",
                """
                private final Set<Long> waited = new HashSet<>();
                private final Map<Long, Long> suffixes = new TreeMap<>();
                private final Map<String, Long> children = new TreeMap<>();
                """)
            .and(
                "commit(new Line.Entered(place, place.created()));",
                """
                if (leader.of(claim.name()).isEmpty()) {
                  children.remove(claim.name().value());
                }
                suffixes.put(
                    place.created(), children.merge(claim.name().value(), 1L, Long::sum));
                commit(new Line.Entered(place, place.created()));
                """)
            .and(
                "return new Standing(known.revision(), false, position, mine.created(), known.base());",
                """
                return new Standing(
                    known.revision(), false, position, suffixes.get(mine.created()), known.base());
                """)
            .with("store=1"),

        // ---- sessions with a line: whose is it, and until when

        found(
                EXCLUSION,
                "a place of an earlier session taken for the own",
                SESSION_STORE,
                "if (place != null && place.session() != id) {",
                "if (place != null && false) {")
            .with(SESSIONS_CHANGE),
        found(
                EXCLUSION,
                "age of the heartbeat not subtracted",
                SESSION_BACKEND,
                "Duration age = Duration.ofNanos(askedAt - beat.askedAt());",
                "Duration age = Duration.ZERO;")
            .with(SESSIONS_CHANGE),
        found(
                EXCLUSION,
                "a grant counts from its own question, which keeps no session",
                SESSION_BACKEND,
                "Duration validFor = validFor(askedAt, kept);",
                "Duration validFor = sessionFor.minus(SimulatedStore.GRANULARITY);")
            .with(SESSIONS_CHANGE),
        found(
                LOSS_TOLD,
                "a heartbeat older than the grant taken for its answer",
                SESSION_BACKEND,
                "long notBefore = sixthAgo() - asked.grantedAt > 0 ? sixthAgo() : asked.grantedAt;",
                "long notBefore = askedAt - sessionFor.toNanos() / 2;")
            .with(NOTHING + HEARTBEATS),
        found(
                LOSS_TOLD,
                "a heartbeat without sync, answered by a follower that lags",
                SESSION_STORE,
                "leader.revision(), () -> alive.complete(alive(follower.known, session)));",
                "0, () -> alive.complete(alive(follower.known, session)));")
            .with(NOTHING + HEARTBEATS + ",follower_lag=900000,request_timeout=3000000"),

        // ---- sessions with a line: what is left, and in which order

        found(
                LEAKS,
                "a withdrawal overtakes the question that waits for its session",
                SESSION_BACKEND,
                "return asked.session.id.then(number -> way.put(() -> store.leave(claim)));",
                "return way.put(() -> store.leave(claim));")
            .with("store=1"),
        found(
                LEAKS,
                "what waits for a session goes out in reverse",
                OPENING,
                "waiting.add(",
                "waiting.add(0,")
            .with("store=1"),
        found(
                LEAKS,
                "a refused question that may not wait leaves its place",
                SESSION_BACKEND,
                "return way.put(() -> store.leave(ask.claim())).thenApply(left -> refused);",
                "return CompletableFuture.completedFuture(refused);")
            .with("store=1"),
        found(
                FAIRNESS,
                "who enters goes before those who wait",
                LINE,
                "lines.computeIfAbsent(entered.place().name(), name -> new ArrayList<>()).add(entered.place());",
                """
                List<Place> line =
                    lines.computeIfAbsent(entered.place().name(), name -> new ArrayList<>());
                line.add(Math.min(1, line.size()), entered.place());
                """)
            .with(NOTHING + ORDER),

        // ---- connections

        found(
                TOKENS,
                "a second claim of one connection granted by the server's re-entrancy",
                CONNECTION_BACKEND,
                "if (before != null && !before.is(claim)) {",
                "if (before != null && !before.is(claim) && false) {")
            .and(
                "Asked asked = before == null ? new Asked(claim) : before;",
                "Asked asked = before == null || !before.is(claim) ? new Asked(claim) : before;")
            .with("store=2"),
        found(
                EXCLUSION,
                "a connection closed while holders still rely on it",
                CONNECTION_BACKEND,
                "store.abandoned(opened);",
                "store.abandoned(opened);\nvar closing = way.put(() -> store.close(opened));")
            .with("store=2,evictions=0,failovers=0"),
        found(
                SILENCE,
                "a refused question forgets the one that is still under way",
                CONNECTION_BACKEND,
                "if (asked.grantedAt == null && asked.underWay == 0) {",
                "if (asked.grantedAt == null) {")
            .with("store=2,evictions=0,failovers=0"),
        found(
                SILENCE,
                "release by name",
                CONNECTION_BACKEND,
                "Asked asked = present.names.get(claim.name());\n"
                    + "return asked != null && asked.is(claim) ? asked : null;",
                "return present.names.get(claim.name());")
            .with("store=2"),

        // ---- the lease table

        found(
                EXCLUSION,
                "the clock of the transaction's start, before it waited for the row",
                TABLE_STORE,
                """
                Row row = server.row(claim);
                long now = server.clock.micros();
                long until = now + micros(ask.leaseFor());
                """,
                """
                Row row = server.row(claim);
                long now = server.clock.micros() - dice.nextLong(0, micros(ask.leaseFor()));
                long until = now + micros(ask.leaseFor());
                """)
            .with("store=3,splits=0"),
        found(
                EXCLUSION,
                "the client's clock",
                TABLE_STORE,
                """
                Row row = server.row(claim);
                long now = server.clock.micros();
                long until = now + micros(ask.leaseFor());
                """,
                """
                Row row = server.row(claim);
                long now = server.clock.micros() + process.hashCode() % 3 * 200_000L;
                long until = now + micros(ask.leaseFor());
                """)
            .with("store=3,splits=0"),
        found(
                SILENCE,
                "a renewal that does not compare the end",
                TABLE_STORE,
                """
                if (!row.isHeldBy(claim, now)) {
                  return new Renewal.Gone();
                }
                """,
                """
                if (!row.claim().equals(claim.id())) {
                  return new Renewal.Gone();
                }
                """)
            .with("store=3"),
        found(
                SILENCE,
                "release by name, of a row",
                TABLE_STORE,
                """
                if (!row.isHeldBy(claim, now)) {
                  return Release.GONE;
                }
                """,
                """
                if (!row.isHeld(now)) {
                  return Release.GONE;
                }
                """)
            .with("store=3"),
        found(
                LIVENESS,
                "who is refused does not say so in the row, and asks again only on a hint",
                ACQUIRER,
                "pauseFor(endsFirst ? backoff.notBefore(ends) : next);",
                "")
            .where(Mutant.of("rows say nothing", TABLE_STORE, "write(server, claim, told);", ""))
            .with(NOTHING + CROWDED),
        found(
                TOKENS,
                "a row swept whose token the clock has not passed",
                TABLE_STORE,
                "if (row.expiresAt() < now - longIdle && row.last() < now - longIdle) {",
                "if (row.expiresAt() < now - longIdle) {")
            .with(IDLE_AND_AHEAD),
        found(
                TOKENS,
                "a row deleted when it is given back",
                TABLE_STORE,
                "long last = lastTokenUsed >= row.first() ? Math.min(lastTokenUsed, row.last()) : row.last();",
                "long last = 0;")
            .with(
                "store=3,clock_steps=3,clock_error=500000,failovers=0,flushes=0,evictions=0,splits=0"));
  }

  /** Processes begin again and again, on hosts whose clocks differ, and followers lag far. */
  private static final String BASES_RISE =
      "store=1,clock_error=500000,crashes=20,evictions=0,jobs=8,names=1,callers=2,processes=5,"
          + "follower_lag=400000,lease=1000000,request_timeout=3000000,wait_at_most=9000000,merge=1000";

  /** Ways are cut for about as long as a session lives. */
  private static final String SESSIONS_CHANGE =
      "store=1,evictions=0,cuts=8,silences=2,lease=300000,merge=150000,latency=500,names=1,"
          + "request_timeout=100000,wait_at_most=5000000,rate_error=0";

  private static final String HEARTBEATS =
      ",store=1,names=3,callers=4,processes=2,lease=3000000,merge=3000000,latency=1000,"
          + "request_timeout=500000,wait_at_most=10000000";

  private static final String ORDER =
      ",store=1,names=1,callers=1,processes=5,jobs=8,lease=5000000,merge=100000,latency=500,"
          + "request_timeout=20000,wait_at_most=20000000,follower_lag=0";

  private static final String CROWDED =
      ",store=3,names=1,processes=4,callers=1,jobs=4,lease=500000,merge=50000,latency=500,"
          + "request_timeout=100000,wait_at_most=30000000";

  private static final String IDLE_AND_AHEAD =
      NOTHING
          + ",store=3,fence_ahead=1,lease=50000,merge=200000,latency=500,names=1,jobs=8,"
          + "processes=2,callers=1,request_timeout=20000,wait_at_most=5000000";
}
