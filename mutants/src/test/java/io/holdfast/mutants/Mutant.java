package io.holdfast.mutants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A mistake: a file of the project, and what stands in it instead of a piece of its text.
 *
 * @param name the mistake, as a sentence would say it
 * @param file below the project's root
 * @param edits one after the other; most mistakes are one
 */
record Mutant(String name, String file, List<Edit> edits) {

  /**
   * What stands for a piece of text. Indentation does not count.
   *
   * @param text occurs once in the file
   */
  record Edit(String text, String replacement) {}

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  Mutant {
    edits = List.copyOf(edits);
  }

  static Mutant of(String name, String file, String text, String replacement) {
    return new Mutant(name, file, List.of(new Edit(text, replacement)));
  }

  /** The mistake needs this as well. */
  Mutant and(String text, String replacement) {
    List<Edit> more = new ArrayList<>(edits);
    more.add(new Edit(text, replacement));
    return new Mutant(name, file, more);
  }

  /** The whole file with the mistake in it. */
  String source() {
    String source = flat(original());
    for (Edit edit : edits) {
      String text = flat(edit.text());
      int at = source.indexOf(text);
      if (at < 0 || source.indexOf(text, at + 1) >= 0) {
        throw new IllegalStateException(
            "%s: in %s this does not stand exactly once: %s".formatted(name, file, text));
      }
      source = source.replace(text, edit.replacement());
    }
    return source;
  }

  private static String flat(String text) {
    return text.lines().map(String::strip).collect(Collectors.joining("\n"));
  }

  /** The file as it is. */
  String original() {
    return read(file);
  }

  /** A file of the project. */
  static String read(String file) {
    try {
      return Files.readString(ROOT.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
