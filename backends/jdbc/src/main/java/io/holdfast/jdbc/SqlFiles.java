package io.holdfast.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The statements of one dialect: {@code <folder>/<dialect>/<name>.sql}, or {@code
 * <folder>/<name>.sql} where all dialects agree. In a file {@code {word}} is replaced by a word of
 * ours, {@code {now}} by the dialect's {@code now.sql}, and {@code :name} is a parameter.
 *
 * @param words what stands for {@code {word}}; checked, as it becomes part of the statement
 * @param timeout how long a statement may take on the server, in which it may wait for a row
 */
record SqlFiles(Dialect dialect, String folder, Map<String, String> words, Duration timeout) {

  private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-z]\\w*)");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*\\n?");

  /** A statement with the names of its parameters in their order. Thread-safe. */
  record Sql(String text, List<String> parameters, int timeoutSeconds) {

    /** Ready to run; each parameter is given by its name. */
    PreparedStatement on(Connection connection, Map<String, ?> values) throws SQLException {
      return with(values, connection.prepareStatement(text));
    }

    /** The same for one that generates a key. */
    PreparedStatement returningKeyOn(Connection connection, Map<String, ?> values)
        throws SQLException {
      return with(values, connection.prepareStatement(text, Statement.RETURN_GENERATED_KEYS));
    }

    private PreparedStatement with(Map<String, ?> values, PreparedStatement statement)
        throws SQLException {
      try {
        statement.setQueryTimeout(timeoutSeconds);
        for (int i = 0; i < parameters.size(); i++) {
          statement.setObject(i + 1, Objects.requireNonNull(values.get(parameters.get(i))));
        }
        return statement;
      } catch (SQLException | RuntimeException e) {
        statement.close();
        throw e;
      }
    }
  }

  /** A statement. */
  Sql sql(String name) {
    String text = COMMENT.matcher(script(name)).replaceAll("").strip();
    List<String> parameters = new ArrayList<>();
    Matcher parameter = PARAMETER.matcher(text);
    while (parameter.find()) {
      parameters.add(parameter.group(1));
    }
    long seconds = Math.max(1, (timeout.toMillis() + 999) / 1000);
    return new Sql(parameter.replaceAll("?"), List.copyOf(parameters), (int) seconds);
  }

  /** A file as it is, with its comments, for people and for the database's own tools. */
  String script(String name) {
    String text = read(name);
    if (text.contains("{now}")) {
      text = text.replace("{now}", read("now").strip());
    }
    for (Map.Entry<String, String> word : words.entrySet()) {
      text = text.replace("{" + word.getKey() + "}", word.getValue());
    }
    return text;
  }

  private String read(String name) {
    String own = "%s/%s/%s.sql".formatted(folder, dialect.file(), name);
    String common = "%s/%s.sql".formatted(folder, name);
    Class<?> here = SqlFiles.class;
    try (@Nullable InputStream first = here.getResourceAsStream(own);
        InputStream file = first != null ? first : here.getResourceAsStream(common)) {
      return new String(
          Objects.requireNonNull(file, common).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("A file of Holdfast's cannot be read: " + common, e);
    }
  }
}
