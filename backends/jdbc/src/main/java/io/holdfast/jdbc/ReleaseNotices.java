package io.holdfast.jdbc;

import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
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

  private final Connector connector;
  private final String channel;
  private final StoreContext context;
  private final Map<String, List<Watcher>> watchers = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Thread> listener = new AtomicReference<>();
  private volatile @Nullable Connection connection; // while it listens
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
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    closed = true;
  }
}
