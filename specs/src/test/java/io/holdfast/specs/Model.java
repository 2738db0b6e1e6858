package io.holdfast.specs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One run of the model checker: a protocol, and a {@code .cfg} file beside it that says how large
 * the model is, what is done wrong in it, and what is checked.
 *
 * <p>The file's first line says what has to come of it: {@code \* holds}, {@code \* holds,
 * complete} if it takes too long for every build, or {@code \* refuted by} and a name.
 *
 * @param protocol the TLA+ module
 * @param configuration the {@code .cfg} file
 * @param refutedBy the property that must turn out to be violated; empty if all must hold
 * @param complete is it left to the long run?
 */
record Model(Path protocol, Path configuration, Optional<String> refutedBy, boolean complete) {

  private static final Path ROOT = Path.of("").toAbsolutePath();
  private static final Pattern EXPECTATION =
      Pattern.compile("\\\\\\* (?:holds(, complete)?|refuted by (\\w+))");
  private static final Pattern FLAW = Pattern.compile("^ *Flaw = \"([^\"]+)\"$", Pattern.MULTILINE);
  private static final Pattern TEMPORAL = Pattern.compile("^PROPERTIES (.+)$", Pattern.MULTILINE);

  /** All of them, in the order of their names. */
  static List<Model> all() {
    return protocols().stream().flatMap(protocol -> of(protocol).stream()).toList();
  }

  static List<Path> protocols() {
    return files(ROOT, 2, ".tla");
  }

  /** The models of one protocol. */
  static List<Model> of(Path protocol) {
    return files(protocol.resolveSibling(""), 1, ".cfg").stream()
        .map(configuration -> read(protocol, configuration))
        .toList();
  }

  private static Model read(Path protocol, Path configuration) {
    String first = text(configuration).lines().findFirst().orElse("");
    Matcher expectation = EXPECTATION.matcher(first);
    if (!expectation.matches()) {
      throw new IllegalArgumentException(
          configuration + " begins with what has to come of it, not with: " + first);
    }
    return new Model(
        protocol,
        configuration,
        Optional.ofNullable(expectation.group(2)),
        expectation.group(1) != null);
  }

  String protocolName() {
    return stem(protocol);
  }

  String name() {
    return stem(configuration);
  }

  /** What is done wrong; {@code none} where only the bounds or assumptions differ. */
  String flaw() {
    Matcher flaw = FLAW.matcher(text(configuration));
    if (!flaw.find()) {
      throw new IllegalArgumentException(configuration + " names no flaw");
    }
    return flaw.group(1);
  }

  /** The names behind {@code PROPERTIES}. */
  List<String> properties() {
    Matcher properties = TEMPORAL.matcher(text(configuration));
    return properties.find() ? List.of(properties.group(1).split(" ")) : List.of();
  }

  @Override
  public String toString() {
    return protocolName() + " " + name();
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String stem(Path file) {
    return file.getFileName().toString().replaceFirst("\\.[a-z]+$", "");
  }

  private static List<Path> files(Path folder, int depth, String end) {
    try (Stream<Path> files =
        Files.find(folder, depth, (path, is) -> path.toString().endsWith(end))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
