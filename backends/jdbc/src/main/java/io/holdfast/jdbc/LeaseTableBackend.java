package io.holdfast.jdbc;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Locks as rows of a table, in a database that everybody already has: each question is one
 * statement and its own transaction on a connection of ours.
 *
 * <p>Asks have connections of their own; renewals and releases have others, so that they never
 * queue behind asks. Only the withdrawal of a claim whose ask has no answer yet waits for that: if
 * it went before, it could arrive first.
 */
final class LeaseTableBackend implements LockBackend, Inspectable {

  private final JdbcUrl url;
  private final Time time;
  private final Guarantees guarantees;
  private final LeaseTable table;
  private final Lanes asks;
  private final Lanes renewalsAndReleases;
  private final Sweeps sweeps;
  private final @Nullable ReleaseNotices notices;
  private final Map<String, Asking> unanswered = new ConcurrentHashMap<>();
  private final Map<Wish, Unsent> unsent = new ConcurrentHashMap<>();

  /** What a renewal asks for. */
  private record Wish(String claimId, Duration leaseFor) {}

  /** A renewal that stands in line. */
  private static final class Unsent {
    private final CompletableFuture<Renewal> answer = new CompletableFuture<>();
    private volatile long askedAt; // by the last who did; only within the map's compute
  }

  /** The asks of one claim that have no answer yet. */
  private static final class Asking {
    private final CompletableFuture<Void> answered = new CompletableFuture<>();
    private volatile boolean isWithdrawn;
    private int asks; // only within the map's compute
  }

  private LeaseTableBackend(
      JdbcUrl url,
      Dialect dialect,
      LeaseTable table,
      Lanes asks,
      Connector connector,
      StoreContext context) {
    this.url = url;
    this.time = context.time();
    this.guarantees = guarantees(dialect);
    this.table = table;
    this.asks = asks;
    this.renewalsAndReleases = lanes(connector, context, url.connections() / 2, "renewals");
    // Over those of the asks, as no lease depends on them.
    this.sweeps = new Sweeps(context, () -> asks.run(table::sweep));
    this.notices =
        dialect == Dialect.POSTGRESQL
            ? new ReleaseNotices(connector, table.channel(), context)
            : null;
  }

  private static Guarantees guarantees(Dialect dialect) {
    return new Guarantees(
        dialect.product() + ", a lease table",
        false,
        Guarantees.TokenSource.STORE_CLOCK,
        true,
        false, // a standby that is behind may lack the row
        true,
        dialect == Dialect.SQLSERVER ? Duration.ofMillis(16) : Duration.ofMillis(1),
        dialect == Dialect.POSTGRESQL,
        Optional.empty(),
        true);
  }

  static Lanes lanes(Connector connector, StoreContext context, int most, String what) {
    return lanes(connector, context, most, Duration.ofSeconds(30), what);
  }

  static Lanes lanes(
      Connector connector, StoreContext context, int most, Duration spare, String what) {
    return new Lanes(
        connector::open,
        context.time(),
        context.requestTimeout(),
        most,
        spare,
        "holdfast-jdbc-" + what,
        connector.url().shown());
  }

  static LockBackend connect(JdbcUrl url, StoreContext context) {
    Connector connector = Connector.to(url, context.requestTimeout());
    Lanes asks = lanes(connector, context, (url.connections() + 1) / 2, "asks");
    try {
      LeaseTableCheck check = within(context, url, asks.run(check(url, context)));
      check.refuse();
      Dialect dialect = check.dialect();
      LeaseTable table = new LeaseTable(url, dialect, context.requestTimeout());
      LeaseTableBackend backend =
          new LeaseTableBackend(url, dialect, table, asks, connector, context);
      backend.begin();
      return backend;
    } catch (RuntimeException | Error e) {
      asks.close();
      throw e;
    }
  }

  static List<Finding> examine(JdbcUrl url, StoreContext context) {
    return examine(url, context, check(url, context));
  }

  /** What a look at the database finds, also if it cannot be reached. */
  static List<Finding> examine(
      JdbcUrl url, StoreContext context, Lanes.Question<LeaseTableCheck> look) {
    Connector connector = Connector.to(url, context.requestTimeout());
    try (Lanes lane = lanes(connector, context, 1, "doctor")) {
      return within(context, url, lane.run(look)).findings();
    } catch (StoreRefusedException e) {
      return List.of(
          Finding.refused("database", String.valueOf(e.getMessage()), "change what it names"));
    } catch (BackendException e) {
      return List.of(
          Finding.refused(
              "database",
              String.valueOf(e.getMessage()),
              "see that the server runs and can be reached"));
    }
  }

  private static Lanes.Question<LeaseTableCheck> check(JdbcUrl url, StoreContext context) {
    return connection -> LeaseTableCheck.of(connection, url, context.requestTimeout());
  }

  static <A> A within(StoreContext context, JdbcUrl url, CompletableFuture<A> answer) {
    return context.await(
        answer,
        url.shown(),
        failure -> new BackendException("The question to " + url.shown() + " failed"));
  }

  /**
   * Does what connecting does not wait for: the first release or renewal finds its connection open.
   * No renewal or release waits for the sweep; an ask waits for one batch at most, where no further
   * connection is to be had.
   */
  private void begin() {
    var unused = renewalsAndReleases.run(connection -> true);
    sweeps.ifDue();
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    String id = ask.claim().id();
    Asking asking =
        unanswered.compute(
            id,
            (same, known) -> {
              Asking all = known == null ? new Asking() : known;
              all.asks++;
              return all;
            });
    CompletableFuture<Attempt> answer =
        asks.run(
                connection -> {
                  if (asking.isWithdrawn) {
                    throw new BackendException("Not sent: the claim was withdrawn meanwhile");
                  }
                  return table.ask(connection, ask);
                })
            .whenComplete((attempt, failure) -> answered(id, asking));
    sweeps.ifDue();
    return answer;
  }

  private void answered(String id, Asking asking) {
    if (unanswered.computeIfPresent(id, (same, all) -> --all.asks == 0 ? null : all) == null) {
      asking.answered.complete(null);
    }
  }

  /**
   * One that is not sent yet is everybody's who asks for the same, and as young as the last of
   * them: the store counts from when it hears it, and a claim that repeats itself stands in line
   * once. Another {@code leaseFor}, as each is towards a {@code holdAtMost}, is another wish.
   */
  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Wish wish = new Wish(claim.id(), leaseFor);
    Unsent mine = new Unsent();
    Unsent shared =
        unsent.compute(
            wish,
            (same, known) -> {
              Unsent one = known == null ? mine : known;
              one.askedAt = time.nanoTime();
              return one;
            });
    if (shared != mine) {
      return shared.answer;
    }
    LongSupplier sinceItIsNobodyElses =
        () -> {
          unsent.remove(wish, mine);
          return mine.askedAt;
        };
    // The engine asks again soon: what is older than that helps nobody.
    var unused =
        renewalsAndReleases
            .urgently(
                connection -> table.renew(connection, claim, leaseFor),
                sinceItIsNobodyElses,
                leaseFor.dividedBy(3))
            .whenComplete(
                (answer, failure) -> {
                  unsent.remove(wish, mine); // its turn may never have come
                  if (failure == null) {
                    mine.answer.complete(answer);
                  } else {
                    mine.answer.completeExceptionally(failure);
                  }
                });
    return mine.answer;
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Lanes.Question<Release> question =
        connection -> table.release(connection, claim, lastTokenUsed, keepFor);
    Asking asking = unanswered.get(claim.id());
    if (asking == null) {
      return renewalsAndReleases.run(question);
    }
    asking.isWithdrawn = true;
    return asking.answered.thenCompose(done -> renewalsAndReleases.run(question));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return notices == null ? Watch.NONE : notices.watch(table.key(claim.name()), mayBeFree);
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return asks.run(connection -> table.inspect(connection, name));
  }

  @Override
  public Guarantees guarantees() {
    return guarantees;
  }

  @Override
  public void close() {
    sweeps.end();
    asks.close();
    renewalsAndReleases.close();
    if (notices != null) {
      notices.close();
    }
  }

  @Override
  public String toString() {
    return "LeaseTableBackend[" + url + "]";
  }
}
