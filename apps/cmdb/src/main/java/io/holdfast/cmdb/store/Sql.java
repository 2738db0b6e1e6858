package io.holdfast.cmdb.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.cmdb.report.Key;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The statements beside this class, and arrays for them. */
final class Sql {

  private static final Map<String, String> STATEMENTS = new ConcurrentHashMap<>();

  private Sql() {}

  /** The statement in the file of this name, without its comments. */
  static String of(String name) {
    return STATEMENTS.computeIfAbsent(name, Sql::load);
  }

  private static String load(String name) {
    try (InputStream in = Sql.class.getResourceAsStream(name + ".sql")) {
      if (in == null) {
        throw new IllegalStateException(name + ".sql is missing beside the class files");
      }
      return new String(in.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> !line.startsWith("--"))
          .collect(Collectors.joining("\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now to the end of the transaction all is read as of one moment, and nothing written. */
  static void beginSnapshot(Connection connection) throws SQLException {
    try (PreparedStatement snapshot =
        connection.prepareStatement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")) {
      snapshot.execute();
    }
  }

  // An array of exactly this Java type goes to the server as it is; any other is written as one
  // text first, with each quotation mark in it escaped.

  static Array texts(Connection connection, Collection<String> texts) throws SQLException {
    return connection.createArrayOf("text", texts.toArray(String[]::new));
  }

  static <T> Array texts(Connection connection, Collection<T> from, Function<T, String> text)
      throws SQLException {
    return connection.createArrayOf("text", from.stream().map(text).toArray(String[]::new));
  }

  static Array numbers(Connection connection, Collection<Long> numbers) throws SQLException {
    return connection.createArrayOf("bigint", numbers.toArray(Long[]::new));
  }

  static <T> Array numbers(Connection connection, Collection<T> from, Function<T, Long> number)
      throws SQLException {
    return connection.createArrayOf("bigint", from.stream().map(number).toArray(Long[]::new));
  }

  static <T> Array truths(Connection connection, Collection<T> from, Function<T, Boolean> truth)
      throws SQLException {
    return connection.createArrayOf("boolean", from.stream().map(truth).toArray(Boolean[]::new));
  }

  static Array kinds(Connection connection, Collection<Key> keys) throws SQLException {
    return texts(connection, keys, key -> key.kind().label());
  }

  static Array values(Connection connection, Collection<Key> keys) throws SQLException {
    return texts(connection, keys, Key::value);
  }

  /** A key that the database holds. */
  static Key key(String kind, String value) {
    return new Key(
        Key.Kind.of(kind)
            .orElseThrow(() -> new IllegalStateException("a stored key of no kind: " + kind)),
        value);
  }
}
