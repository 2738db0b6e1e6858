package io.holdfast.etcd;

import io.holdfast.BackendException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;

/** A member's time of day, from the date of its answer to the question which version it is. */
final class MemberClock {

  private MemberClock() {}

  /**
   * Waits for the answer.
   *
   * @param endpoint a URL with {@code http:}
   * @throws BackendException if there is none in time, or none with a date
   */
  static Instant read(String endpoint, Duration requestTimeout) {
    int millis = (int) Math.min(Integer.MAX_VALUE, Math.max(1, requestTimeout.toMillis()));
    try {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create(endpoint).resolve("/version").toURL().openConnection();
      connection.setConnectTimeout(millis);
      connection.setReadTimeout(millis);
      try {
        int unused = connection.getResponseCode(); // which fails where getDate would not
        long date = connection.getDate();
        if (date == 0) {
          throw new BackendException("No date in the answer of " + endpoint);
        }
        return Instant.ofEpochMilli(date);
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      throw new BackendException("No connection to " + endpoint, e);
    }
  }
}
