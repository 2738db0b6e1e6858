package io.holdfast.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL's driver offers beyond JDBC, by reflection, because the driver is the user's: the
 * notifications that came over a connection. For one thread.
 */
final class Notifications {

  private final Object connection;
  private final Method getNotifications;
  private final Method getParameter;

  Notifications(Connection listening) throws SQLException {
    try {
      ClassLoader driver = listening.getClass().getClassLoader();
      Class<?> extension = Class.forName("org.postgresql.PGConnection", true, driver);
      this.connection = listening.unwrap(extension);
      this.getNotifications = extension.getMethod("getNotifications", int.class);
      this.getParameter =
          Class.forName("org.postgresql.PGNotification", true, driver).getMethod("getParameter");
    } catch (ReflectiveOperationException e) {
      throw new SQLException("the driver tells of no notifications", e);
    }
  }

  /** Waits for some; none if none came in time. */
  List<String> next(Duration atMost) throws SQLException {
    List<String> payloads = new ArrayList<>();
    Object @Nullable [] came =
        (Object[]) call(getNotifications, connection, (int) atMost.toMillis());
    if (came != null) {
      for (Object notification : came) {
        payloads.add(String.valueOf(call(getParameter, notification)));
      }
    }
    return payloads;
  }

  private static @Nullable Object call(Method method, Object target, Object... arguments)
      throws SQLException {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof SQLException answer
          ? answer
          : new SQLException("the driver failed to wait for notifications", e.getCause());
    } catch (IllegalAccessException e) {
      throw new SQLException("the driver does not let us wait for notifications", e);
    }
  }
}
