package io.holdfast.guard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The statements beside this class, without their comments. */
final class Statements {

  private static final Map<String, String> LOADED = new ConcurrentHashMap<>();

  private Statements() {}

  /** The dialect's own text of the statement, or else the one that serves all. */
  static String load(Dialect dialect, String file) {
    return LOADED.computeIfAbsent(
        dialect.folder + "/" + file,
        own -> Statements.class.getResource(own) == null ? read(file) : read(own));
  }

  private static String read(String file) {
    try (InputStream in = Statements.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing beside the class files");
      }
      return new String(in.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> !line.startsWith("--"))
          .collect(Collectors.joining("\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
