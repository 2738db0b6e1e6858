package io.holdfast.cli.race;

import java.io.IOException;
import java.io.PrintStream;

/** Where the race is: one line on stderr that is written over, if someone looks at it. */
final class Progress implements Director.Progress {

  private static final String START_OF_EMPTY_LINE = "\r\033[K";

  private final boolean shown;
  private final PrintStream terminal = System.err;

  private Progress(boolean shown) {
    this.shown = shown;
  }

  /** Shows nothing where stderr is a file or a pipe. */
  static Progress onTerminal() throws InterruptedException {
    return new Progress(stderrIsTerminal());
  }

  /** {@code System.console()} would answer for stdin and stdout. */
  private static boolean stderrIsTerminal() throws InterruptedException {
    try {
      return new ProcessBuilder("sh", "-c", "[ -t 2 ]").inheritIO().start().waitFor() == 0;
    } catch (IOException noShell) {
      return false;
    }
  }

  @Override
  public void at(String place) {
    if (shown) {
      terminal.print(START_OF_EMPTY_LINE + "race: " + place);
      terminal.flush();
    }
  }

  void clear() {
    if (shown) {
      terminal.print(START_OF_EMPTY_LINE);
      terminal.flush();
    }
  }
}
