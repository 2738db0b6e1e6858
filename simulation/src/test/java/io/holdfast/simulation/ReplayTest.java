package io.holdfast.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A seed is the same history byte for byte, on the JDK of the build and on the newest one. */
class ReplayTest {

  /** What the newest JDK of this machine runs: prints the digest of the histories. */
  public static final class Digests {
    private Digests() {}

    /** Prints it; the arguments are the first seed and the last. */
    public static void main(String[] args) throws NoSuchAlgorithmException {
      System.out.println(digest(Long.parseLong(args[0]), Long.parseLong(args[1])));
    }

    private static String digest(long first, long last) throws NoSuchAlgorithmException {
      MessageDigest all = MessageDigest.getInstance("SHA-256");
      for (long seed = first; seed <= last; seed++) {
        Simulation.Replay world = Simulation.world(seed);
        all.update((world.plan() + world.events()).getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(all.digest());
    }
  }

  @Test
  @Tag("slow")
  void theNewestJdkRunsTheSameHistories() throws Exception {
    compare(1, 100);
  }

  @Test
  @Tag("slow")
  void theNewestJdkRunsTheSameHistoriesOfMoreSeeds() throws Exception {
    compare(101, 300);
  }

  private static void compare(long first, long last) throws Exception {
    Properties newest = new Properties();
    Path finder = Path.of("..", ".mvn", "NewestJdk.java");
    newest.load(new StringReader(output(javaHere(), finder.toString())));
    if (newest.getProperty("newest-jdk.skip").equals("true")) {
      System.out.println("SKIPPED: " + newest.getProperty("newest-jdk.found"));
    }
    assumeTrue(newest.getProperty("newest-jdk.skip").equals("false"));
    String there =
        output(
            newest.getProperty("newest-jdk.java"),
            "-XX:+TieredCompilation", // both compilers, unlike here
            "-cp",
            System.getProperty("java.class.path"),
            Digests.class.getName(),
            Long.toString(first),
            Long.toString(last));
    assertThat(there.trim()).isEqualTo(Digests.digest(first, last));
  }

  private static String javaHere() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(List.of(command)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (InputStream out = process.getInputStream()) {
      String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(text).isZero();
      return text;
    }
  }
}
