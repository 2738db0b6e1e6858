package io.holdfast.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The other rules are worth something only if they see everything that we ship. */
class SourcesTest {
  private static final Pattern SLEEPS =
      Pattern.compile(
          "\\bThread\\.sleep\\(|\\b(TimeUnit\\.)?[A-Z]+SECONDS\\.sleep\\(|\\.parkNanos\\(");

  private static final Pattern HAS_TESTS =
      Pattern.compile("@(Test|ParameterizedTest|RepeatedTest|TestFactory|ArchTest)\\b");

  @Test
  void everySourceFileOfEveryModuleIsLookedAt() {
    JavaClasses classes = MainCode.classes();

    assertThat(MainCode.sources("src/main/java"))
        .map(source -> MainCode.className(source, "src/main/java"))
        .as("an unseen class belongs to a module that architecture-tests/pom.xml does not name")
        .allMatch(classes::contain);
  }

  @Test
  void everyBackendIsInTheListOfBackends() {
    assertThat(MainCode.sourcesOfModulesIn("backends"))
        .map(source -> MainCode.className(source, "src/main/java"))
        .allMatch(
            name ->
                ArchitectureTest.BACKENDS.stream().anyMatch(start -> name.startsWith(start + ".")));
  }

  @Test
  void everyAppIsInTheListOfApps() {
    assertThat(MainCode.sourcesOfModulesIn("apps"))
        .map(source -> MainCode.className(source, "src/main/java"))
        .allMatch(
            name -> ArchitectureTest.APPS.stream().anyMatch(start -> name.startsWith(start + ".")));
  }

  /** Surefire takes only {@code *Test}: tests of another name would never run, unnoticed. */
  @Test
  void everyFileWithTestsHasANameThatTheBuildRuns() throws IOException {
    List<Path> sources = MainCode.sources("src/test/java");

    assertThat(sources).isNotEmpty();
    for (Path source : sources) {
      String text = Files.readString(source);
      if (HAS_TESTS.matcher(text).find() && !text.contains("abstract class")) {
        assertThat(source.getFileName().toString()).endsWith("Test.java");
      }
    }
  }

  /**
   * A test that waits for a fixed time is slow on a fast machine, and fails on a slow one. What
   * tests share may look again and again, with a pause between.
   */
  @Test
  void noTestSleeps() throws IOException {
    List<Path> tests =
        MainCode.sources("src/test/java").stream()
            .filter(source -> source.getFileName().toString().endsWith("Test.java"))
            .toList();

    assertThat(tests).isNotEmpty();
    for (Path source : tests) {
      assertThat(SLEEPS.matcher(Files.readString(source)).find())
          .as("%s sleeps: wait for what is to happen", source)
          .isFalse();
    }
  }
}
