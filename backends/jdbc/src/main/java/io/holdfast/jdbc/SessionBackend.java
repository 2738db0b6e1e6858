package io.holdfast.jdbc;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockException;
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
import io.holdfast.spi.StoreContext;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Locks of the database's own that live as long as the session that took them: {@code
 * pg_try_advisory_lock}, {@code GET_LOCK}, {@code sp_getapplock}. The session is the lease: the
 * server ends one that is silent for {@code leaseFor}, and one heartbeat renews all its locks. The
 * token comes from a row of the lease table.
 *
 * <p>One {@link Session} has all locks; a second one is opened only where the first is stuck, and
 * then the first keeps what it has. Within one session a server grants every lock again, so which
 * claim has which lock is known here, and for a second claim the server is only asked whether the
 * session is still there.
 */
final class SessionBackend implements LockBackend, Inspectable {

  /** A renewal hears of a heartbeat that is no older than this part of the session's life. */
  private static final int BEATS_PER_LIFE = 6;

  private final SessionSql sql;
  private final Session.Opening opening;
  private final Lanes sweeper;
  private final Sweeps sweeps;
  private final String about;
  private final StoreContext context;
  private final Guarantees guarantees;
  private final Map<String, Asking> unanswered = new ConcurrentHashMap<>();
  private final Map<String, Held> granted = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Session> fit = new AtomicReference<>();
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
  private final AtomicInteger opened = new AtomicInteger();
  private volatile boolean isClosed;

  /** A question for a lock that has no answer yet. All who repeat it meanwhile hear the one. */
  private static final class Asking {
    final Ask ask;
    final CompletableFuture<Attempt> answer = new CompletableFuture<>();
    volatile @Nullable Session at;
    private boolean hasMoved; // by one thread at a time

    Asking(Ask ask) {
      this.ask = ask;
    }

    /** Whether it may be put to one session more, after the first was over. */
    boolean mayMove() {
      boolean may = !hasMoved;
      hasMoved = true;
      return may;
    }
  }

  /** A grant. */
  private record Held(Session session, SessionKey key, Ask ask, long firstToken, long grantedAt) {}

  private SessionBackend(
      SessionSql sql,
      Session.Opening opening,
      Lanes sweeper,
      LeaseTable table,
      String product,
      String about,
      StoreContext context) {
    this.sql = sql;
    this.opening = opening;
    this.sweeper = sweeper;
    this.sweeps = new Sweeps(context, () -> sweeper.run(table::sweep));
    this.about = about;
    this.context = context;
    this.guarantees =
        new Guarantees(
            product + ", locks of a session",
            false,
            Guarantees.TokenSource.STORE_CLOCK,
            true,
            false,
            false,
            sql.granularity(),
            false,
            Optional.of(context.leaseFor()),
            false);
  }

  static LockBackend connect(JdbcUrl url, StoreContext context) {
    Connector connector = Connector.to(url, context.requestTimeout());
    SessionBackend backend;
    try (Lanes lane = LeaseTableBackend.lanes(connector, context, 1, "check")) {
      LeaseTableCheck check =
          LeaseTableBackend.within(
              context, url, lane.run(server -> SessionCheck.of(server, connector, context)));
      check.refuse();
      Dialect dialect = check.dialect();
      LeaseTable table = new LeaseTable(url, dialect, context.requestTimeout());
      SessionSql sql = SessionSql.of(dialect, url).orElseThrow();
      backend =
          new SessionBackend(
              sql,
              () -> open(connector, sql, context),
              // Of its own: a session that looks through a table would keep renewals waiting.
              LeaseTableBackend.lanes(connector, context, 1, Duration.ZERO, "sweep"),
              table,
              dialect.product(),
              url.shown(),
              context);
    }
    backend.sweeps.ifDue(); // now that the check has given its connection back: there may be few
    return backend;
  }

  static List<Finding> examine(JdbcUrl url, StoreContext context) {
    Connector connector = Connector.to(url, context.requestTimeout());
    return LeaseTableBackend.examine(
        url, context, server -> SessionCheck.of(server, connector, context));
  }

  private static Connection open(Connector connector, SessionSql sql, StoreContext context)
      throws SQLException {
    Connection connection = connector.open();
    try {
      sql.prepare(connection, context.leaseFor());
      // A question that has no answer by then has kept all renewals waiting: nothing is left to
      // lose.
      Duration life = context.leaseFor().plusMillis(1);
      int millis = (int) Math.max(life.toMillis(), connection.getNetworkTimeout());
      connection.setNetworkTimeout(Runnable::run, millis);
      return connection;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    if (isClosed) {
      return CompletableFuture.failedFuture(closed());
    }
    Held mine = granted.get(ask.claim().id());
    if (mine != null) {
      return CompletableFuture.completedFuture(
          new Attempt.Granted(mine.firstToken(), mine.ask().span(), mine.session().remaining()));
    }
    sweeps.ifDue();
    Asking asking = new Asking(ask);
    Asking first = unanswered.putIfAbsent(ask.claim().id(), asking);
    if (first != null && !(isStuck(first) && unanswered.replace(ask.claim().id(), first, asking))) {
      return first.answer.copy();
    }
    put(asking);
    return asking.answer.copy();
  }

  /** Then it is put anew, elsewhere; what comes of the first is given back, see keep. */
  private boolean isStuck(Asking asking) {
    Session session = asking.at;
    return session != null && !session.isFit(context.requestTimeout());
  }

  private void put(Asking asking) {
    Session session = session();
    asking.at = session;
    var unused =
        session
            .<Attempt>patiently(server -> attempt(asking, session, server))
            .whenComplete((attempt, failure) -> hear(asking, attempt, failure));
  }

  private void hear(Asking asking, @Nullable Attempt attempt, @Nullable Throwable failure) {
    if (failure instanceof Session.Over over && over.wasOpen && isWanted(asking) && !isClosed) {
      if (asking.mayMove()) { // JDBC tells of a connection's end only to those who use it
        put(asking);
        return;
      }
    }
    boolean wasWanted = unanswered.remove(asking.ask.claim().id(), asking);
    if (failure != null) {
      asking.answer.completeExceptionally(meaningOf(failure));
    } else if (attempt instanceof Attempt.Refused && !wasWanted) { // perhaps by the claim itself
      asking.answer.completeExceptionally(withdrawn());
    } else {
      asking.answer.complete(attempt);
    }
  }

  private boolean isWanted(Asking asking) {
    return unanswered.get(asking.ask.claim().id()) == asking;
  }

  /** By the session's thread. */
  private Attempt attempt(Asking asking, Session session, Connection server) throws SQLException {
    if (!isWanted(asking)) {
      throw withdrawn();
    }
    SessionKey key = sql.key(asking.ask.claim().name());
    if (session.locks().containsKey(key) && session.isIntact(server)) {
      return new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
    }
    long askedAt = context.time().nanoTime();
    SessionSql.Answer answer = askOrUndo(server, key, asking.ask);
    return switch (answer.word()) {
      case TAKEN -> new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
      case AHEAD ->
          throw new StoreRefusedException(
              "tokenAbove is more than 400 days ahead of the clock of " + about);
      case GRANTED -> {
        checkTokens(server, key, asking.ask, answer.firstToken());
        Held held = new Held(session, key, asking.ask, answer.firstToken(), askedAt);
        keep(asking, held, server);
        yield new Attempt.Granted(
            answer.firstToken(), asking.ask.span(), session.remaining(askedAt));
      }
    };
  }

  /** A lock may be taken although the token then failed: what failed must leave none. */
  private SessionSql.Answer askOrUndo(Connection server, SessionKey key, Ask ask)
      throws SQLException {
    try {
      return sql.ask(server, key, ask);
    } catch (SQLException | RuntimeException e) {
      giveBack(server, key, e);
      throw e;
    }
  }

  private void checkTokens(Connection server, SessionKey key, Ask ask, long firstToken)
      throws SQLException {
    if (firstToken < 1 || firstToken + ask.span() > LockOptions.TOKEN_LIMIT) {
      giveBack(server, key, new SQLException("no token"));
      throw new StoreRefusedException(
          "The row of this name has no token below 2^53 in "
              + about
              + ": delete it, and tokens go on from the server's clock");
    }
  }

  private void keep(Asking asking, Held held, Connection server) throws SQLException {
    Claim claim = asking.ask.claim();
    held.session().locks().put(held.key(), claim);
    unanswered.computeIfPresent(
        claim.id(),
        (id, wanted) -> {
          if (wanted == asking) {
            granted.put(id, held);
          }
          return wanted == asking ? null : wanted;
        });
    if (!held.equals(granted.get(claim.id()))) { // withdrawn while the server thought about it
      forget(held, claim);
      giveBack(server, held.key(), new SQLException("withdrawn"));
      throw withdrawn();
    }
  }

  /** If that cannot be known to have worked, the session goes. */
  private void giveBack(Connection server, SessionKey key, Exception reason) throws SQLException {
    try {
      sql.release(server, key);
    } catch (SQLException | RuntimeException doubt) {
      reason.addSuppressed(doubt);
      throw new Session.Doubtful("a lock could not be given back", reason);
    }
  }

  private void forget(Held held, Claim claim) {
    granted.remove(claim.id(), held);
    held.session().locks().remove(held.key(), claim);
  }

  private BackendException closed() {
    return new BackendException("The connection to " + about + " is closed");
  }

  private BackendException withdrawn() {
    return new BackendException("The claim was withdrawn before " + about + " was asked");
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Held held = granted.get(claim.id());
    if (held == null) {
      return CompletableFuture.completedFuture(new Renewal.Gone());
    }
    long now = context.time().nanoTime();
    long young = now - context.leaseFor().dividedBy(BEATS_PER_LIFE).toNanos();
    long notBefore = young - held.grantedAt() >= 0 ? young : held.grantedAt();
    return held.session()
        .heartbeat()
        .beat(notBefore)
        .handle(
            (beat, failure) -> {
              if (failure != null && !isOver(failure)) {
                throw meaningOf(failure);
              }
              if (failure != null || !held.equals(granted.get(claim.id()))) {
                return new Renewal.Gone();
              }
              return new Renewal.Renewed(held.session().remaining(beat.askedAt()));
            });
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    unanswered.remove(claim.id()); // what comes of it is given back, see keep
    Held held = granted.get(claim.id());
    if (held == null) {
      return CompletableFuture.completedFuture(Release.GONE);
    }
    return held.session()
        .urgently(server -> release(server, held, claim))
        .handle(
            (answer, failure) -> {
              if (failure == null) {
                return answer;
              }
              if (isClosed || !endedBefore(failure)) {
                throw meaningOf(failure);
              }
              return Release.GONE;
            });
  }

  /** Whether the session ended before the question; else nobody knows what came of that. */
  private static boolean endedBefore(Throwable failure) {
    return causeOf(failure) instanceof Session.Over over
        && (!over.wasPut || JdbcFailure.isEndOfSession(over.getCause()));
  }

  /** By the session's thread. */
  private Release release(Connection server, Held held, Claim claim) throws SQLException {
    if (!held.equals(granted.get(claim.id()))) {
      return Release.GONE;
    }
    boolean wasOurs = sql.release(server, held.key());
    forget(held, claim);
    return wasOurs ? Release.RELEASED : Release.GONE;
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    if (isClosed) {
      return CompletableFuture.failedFuture(closed());
    }
    return session()
        .patiently(server -> sql.inspect(server, name))
        .handle(
            (holder, failure) -> {
              if (failure != null) {
                throw meaningOf(failure);
              }
              return new Inspection(name, holder, OptionalInt.empty());
            });
  }

  /** The one for further locks; another if that is over or stuck. */
  private Session session() {
    while (true) {
      Session present = fit.get();
      if (present != null && present.isFit(context.requestTimeout())) {
        return present;
      }
      Session next =
          new Session(opening, context.time(), context.leaseFor(), sql::isIntact, this::lose);
      if (fit.compareAndSet(present, next)) {
        open(next);
        if (present != null) {
          present.retire();
        }
        return next;
      }
    }
  }

  private void open(Session session) {
    sessions.add(session);
    session.start("holdfast-session-" + opened.incrementAndGet(), () -> sessions.remove(session));
    if (isClosed) {
      session.close();
    }
  }

  /** By the thread of a session that is over. */
  private void lose(Session session) {
    granted.values().removeIf(held -> held.session() == session);
  }

  private static boolean isOver(Throwable failure) {
    return causeOf(failure) instanceof Session.Over;
  }

  private static Throwable causeOf(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause == null ? failure : cause;
  }

  private LockException meaningOf(Throwable failure) {
    return isClosed && isOver(failure) ? closed() : JdbcFailure.of(failure, about);
  }

  @Override
  public Guarantees guarantees() {
    return guarantees;
  }

  @Override
  public void close() {
    isClosed = true;
    sessions.forEach(Session::close);
    sweeps.end();
    sweeper.close();
  }

  @Override
  public String toString() {
    return "SessionBackend[" + about + "]";
  }
}
