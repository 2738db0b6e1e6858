package io.holdfast.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What the rules are about: the classes that the modules ship, and the sources they come from. */
final class MainCode {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private MainCode() {}

  /** The classes of all modules that this one depends on. */
  static JavaClasses classes() {
    return new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .importPackages("io.holdfast");
  }

  /** The Java files below {@code folder} of each module, for example {@code src/main/java}. */
  static List<Path> sources(String folder) {
    return modules().stream()
        .flatMap(module -> javaFiles(module.resolve(folder)).stream())
        .toList();
  }

  /** The Java files that the modules below {@code parent}, for example {@code backends}, ship. */
  static List<Path> sourcesOfModulesIn(String parent) {
    return modules().stream()
        .filter(module -> module.startsWith(ROOT.resolve(parent)))
        .flatMap(module -> javaFiles(module.resolve("src/main/java")).stream())
        .toList();
  }

  /** The name of the class that a source file of {@code folder} is for. */
  static String className(Path source, String folder) {
    String path = source.toString().replace('\\', '/');
    String start = "/" + folder + "/";
    return path.substring(path.indexOf(start) + start.length())
        .replaceFirst("\\.java$", "")
        .replace('/', '.');
  }

  /** By name, without a look into what other modules build at the same time. */
  private static List<Path> modules() {
    return folders(ROOT)
        .flatMap(folder -> Stream.concat(Stream.of(folder), folders(folder)))
        .filter(folder -> Files.exists(folder.resolve("pom.xml")))
        .sorted()
        .toList();
  }

  private static Stream<Path> folders(Path of) {
    try (Stream<Path> entries = Files.list(of)) {
      return entries.filter(Files::isDirectory).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> javaFiles(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
