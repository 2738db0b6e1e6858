package io.holdfast.jdbc;

import io.holdfast.StoreRefusedException;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's notices of releases: one listening connection and one thread per process, there
 * while someone watches and a little longer. Each notice is a name and goes to its watchers here.
 * When listening begins, also after a loss, what was missed may be anything, so all are told.
 * Thread-safe.
 */
final class ReleaseNotices implements AutoCloseable {

  /** So long a silent connection is trusted, and one that nobody needs is kept. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Duration PAUSE_AFTER_LOSS = Duration.ofSeconds(1);
  private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofMinutes(1);
  private static final Duration END_OF_THREAD = Duration.ofSeconds(2);

  private final Connector connector;
  private final String channel;
  private final StoreContext context;
  private final Map<String, List<Watcher>> watchers = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
  private volatile @Nullable Connection connection; // the thread's
  private volatile boolean listening;
  private volatile boolean closed;

  /** One watch; no record, as two watches may have one and the same task. */
  private static final class Watcher {
    private final Runnable mayBeFree;

    private Watcher(Runnable mayBeFree) {
      this.mayBeFree = mayBeFree;
    }
  }

  ReleaseNotices(Connector connector, String channel, StoreContext context) {
    this.connector = connector;
    this.channel = channel;
    this.context = context;
  }

  Watch watch(String key, Runnable mayBeFree) {
    Watcher watcher = new Watcher(mayBeFree);
    watchers.merge(
        key, List.of(watcher), (all, one) -> Stream.concat(all.stream(), one.stream()).toList());
    if (listening) {
      mayBeFree.run(); // released, perhaps, before we listened for it
    } else {
      start();
    }
    return () -> watchers.computeIfPresent(key, (same, all) -> without(watcher, all));
  }

  private static @Nullable List<Watcher> without(Watcher watcher, List<Watcher> all) {
    List<Watcher> rest = all.stream().filter(other -> other != watcher).toList();
    return rest.isEmpty() ? null : rest;
  }

  private void start() {
    if (closed || watchers.isEmpty()) {
      return;
    }
    Thread next = new Thread(this::listen, "holdfast-jdbc-notices");
    next.setDaemon(true);
    if (thread.compareAndSet(null, next)) {
      try {
        next.start();
      } catch (OutOfMemoryError e) { // no thread more: waiters ask again, and the next one tries
        thread.set(null);
      }
    }
  }

  private void listen() {
    Duration pause = Duration.ZERO;
    try (Connection opened = connector.open()) {
      connection = opened;
      try (Statement statement = opened.createStatement()) {
        statement.execute("listen \"" + channel + "\"");
      }
      if (!closed) {
        listening = true;
        watchers.values().forEach(ReleaseNotices::tell);
        pass(opened);
      }
    } catch (SQLException | RuntimeException e) {
      pause = PAUSE_AFTER_LOSS;
      if (JdbcFailure.of(e, connector.url().shown()) instanceof StoreRefusedException refused) {
        pause = PAUSE_AFTER_REFUSAL;
        context.warnings().accept("Waiters are not woken by releases: " + refused.getMessage());
      }
    } finally {
      listening = false;
      connection = null;
      thread.set(null);
      if (!closed && !watchers.isEmpty()) {
        context.time().schedule(pause, this::start);
      }
    }
  }

  /** Until nobody watches any more, or the connection ends. */
  private void pass(Connection opened) throws SQLException {
    Notifications notifications = new Notifications(opened);
    while (!closed) {
      List<String> names = notifications.next(PATIENCE);
      for (String name : names) {
        tell(watchers.getOrDefault(name, List.of()));
      }
      if (names.isEmpty()) {
        if (watchers.isEmpty()) {
          return;
        }
        if (!opened.isValid((int) PATIENCE.toSeconds())) {
          throw new SQLException("the listening connection is gone", "08006");
        }
      }
    }
  }

  private static void tell(List<Watcher> all) {
    all.forEach(watcher -> watcher.mayBeFree.run());
  }

  /** Ends the connection, and with it the thread, which may wait for the server at this moment. */
  @Override
  public void close() {
    closed = true;
    Connection present = connection;
    Thread listener = thread.get();
    try {
      if (present != null) {
        present.abort(Runnable::run);
      }
      if (listener != null) {
        listener.join(END_OF_THREAD.toMillis());
      }
    } catch (SQLException e) {
      // Then the thread ends when its patience does.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
