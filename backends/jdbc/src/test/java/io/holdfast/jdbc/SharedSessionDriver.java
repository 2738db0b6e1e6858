package io.holdfast.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What a pooler of statements does, as a driver for {@code jdbc:shared:URL}: all connections are
 * lent one of a few real ones for each statement, in turn.
 */
final class SharedSessionDriver implements Driver, AutoCloseable {

  private static final String PREFIX = "jdbc:shared:";

  private final int size;
  private final List<Connection> real = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();

  /** With so many real connections. */
  SharedSessionDriver(int size) throws SQLException {
    this.size = size;
    DriverManager.registerDriver(this);
  }

  /** The URL that leads through it. */
  static String through(String url) {
    return PREFIX + url.substring("jdbc:".length());
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(PREFIX);
  }

  @Override
  public @Nullable Connection connect(String url, Properties properties) throws SQLException {
    if (!acceptsURL(url)) {
      return null;
    }
    while (real.size() < size) {
      real.add(DriverManager.getConnection("jdbc:" + url.substring(PREFIX.length()), properties));
    }
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                return null;
              }
              try {
                return method.invoke(
                    real.get(Math.floorMod(next.getAndIncrement(), size)), arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Override
  public void close() throws SQLException {
    DriverManager.deregisterDriver(this);
    for (Connection connection : real) {
      connection.close();
    }
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }
}
