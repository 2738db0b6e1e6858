import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the newest JDK of this machine for the second test run and prints what the build needs to
 * know of it as properties.
 *
 * <p>By hand, because Maven's toolchains cannot say "the newest, and none is no error": a selection
 * that finds nothing fails the build, and one that finds the JDK at work repeats the first run.
 */
final class NewestJdk {
  private record Jdk(Path home, Runtime.Version version) {}

  private static final List<String> FOLDERS_OF_JDKS =
      List.of(
          "/usr/lib/jvm",
          "/usr/lib64/jvm",
          "/usr/java",
          "/opt/java",
          "/opt/jdk",
          "/Library/Java/JavaVirtualMachines",
          System.getProperty("user.home") + "/.sdkman/candidates/java",
          System.getProperty("user.home") + "/.jdks");

  private static final Pattern JDK_HOME = Pattern.compile("<jdkHome>\\s*([^<]+?)\\s*</jdkHome>");

  public static void main(String[] args) throws IOException {
    Optional<Jdk> newest =
        candidates().stream()
            .flatMap(home -> jdkAt(home).stream())
            .filter(jdk -> jdk.version().feature() > Runtime.version().feature())
            .max(Comparator.comparing(Jdk::version));
    if (newest.isPresent()) {
      say("skip", "false");
      say("java", newest.get().home() + "/bin/java");
      say("found", "the tests run again on JDK %s".formatted(newest.get().version()));
    } else {
      say("skip", "true");
      say("java", System.getProperty("java.home") + "/bin/java");
      say(
          "found",
          "SKIPPED, the tests run on JDK %s only: this machine has no newer one"
              .formatted(Runtime.version().feature()));
    }
  }

  private static List<Path> candidates() throws IOException {
    List<Path> homes = new ArrayList<>();
    for (String folder : FOLDERS_OF_JDKS) {
      if (Files.isDirectory(Path.of(folder))) {
        try (Stream<Path> children = Files.list(Path.of(folder))) {
          children.forEach(
              child -> {
                homes.add(child);
                homes.add(child.resolve("Contents/Home"));
              });
        }
      }
    }
    Path toolchains = Path.of(System.getProperty("user.home"), ".m2", "toolchains.xml");
    if (Files.isReadable(toolchains)) {
      JDK_HOME
          .matcher(Files.readString(toolchains))
          .results()
          .forEach(result -> homes.add(Path.of(result.group(1))));
    }
    return homes;
  }

  /** Reads the version from the file that every JDK has, which is quicker than to start it. */
  private static Optional<Jdk> jdkAt(Path home) {
    Path release = home.resolve("release");
    if (!Files.isExecutable(home.resolve("bin/java")) || !Files.isReadable(release)) {
      return Optional.empty();
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(release)) {
      properties.load(reader);
      String version = properties.getProperty("JAVA_VERSION", "").replace("\"", "");
      return Optional.of(new Jdk(home, Runtime.Version.parse(version)));
    } catch (IOException | IllegalArgumentException unreadable) {
      return Optional.empty();
    }
  }

  private static void say(String key, String value) {
    System.out.println("newest-jdk." + key + "=" + value.replace("\\", "\\\\"));
  }
}
