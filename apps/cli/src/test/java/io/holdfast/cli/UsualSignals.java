package io.holdfast.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;

/**
 * The words before a command that is to be ended by INT or HUP. The build may run where these are
 * ignored, as under nohup or in a shell's background, and what it starts would inherit that.
 */
public final class UsualSignals {

  /** None where there is no such program in this version (coreutils 8.31). */
  public static final List<String> WORDS = words();

  private UsualSignals() {}

  private static List<String> words() {
    List<String> words = List.of("env", "--default-signal=INT,HUP,TERM");
    List<String> trial = new ArrayList<>(words);
    trial.add("true");
    try {
      Process process =
          new ProcessBuilder(trial)
              .redirectOutput(Redirect.DISCARD)
              .redirectError(Redirect.DISCARD)
              .start();
      return process.onExit().join().exitValue() == 0 ? words : List.of();
    } catch (IOException notThere) {
      return List.of();
    }
  }
}
