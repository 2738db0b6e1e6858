package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Connects to a database, with its own JDBC URL and parameters of ours among the driver's:
 *
 * <pre>{@code
 * jdbc:postgresql://host/database?user=locks&password=...&holdfast=table&holdfast.table=holdfast_lock
 * jdbc:sqlserver://host;databaseName=...;user=locks;password=...;holdfast=table
 * }</pre>
 *
 * <ul>
 *   <li>{@code holdfast}: {@code table}, the default, or {@code session}
 *   <li>{@code holdfast.table}: the name of the table; {@code holdfast_lock} by default
 *   <li>{@code holdfast.create=true}: create the table when connecting, if it is missing
 *   <li>{@code holdfast.prefix}: what the names begin with; nothing by default
 *   <li>{@code holdfast.connections}: the most for asks, renewals and releases of the lease table,
 *       2 to 64, half of them for asks; 16 by default. Those that are not busy are closed
 * </ul>
 *
 * <p>The driver has to be on the class path. Thread-safe.
 */
public final class JdbcBackendProvider implements BackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public JdbcBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("jdbc");
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    JdbcUrl parsed = JdbcUrl.parse(url);
    return switch (parsed.form()) {
      case TABLE -> LeaseTableBackend.connect(parsed, context);
      case SESSION -> SessionBackend.connect(parsed, context);
    };
  }

  @Override
  public List<Finding> examine(String url, StoreContext context) {
    JdbcUrl parsed = JdbcUrl.parse(url);
    return switch (parsed.form()) {
      case TABLE -> LeaseTableBackend.examine(parsed, context);
      case SESSION -> SessionBackend.examine(parsed, context);
    };
  }

  @Override
  public Optional<String> schema(String url) {
    return Optional.of(
        LeaseTable.schema(JdbcUrl.parse(url))); // tokens of sessions come from it, too
  }
}
