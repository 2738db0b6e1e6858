package io.holdfast.cli.terminal;

import java.io.IOException;
import java.io.PrintStream;

/** Where a command is: one line on stderr that is written over, if someone looks at it. */
public final class StatusLine {

  private static final String START_OF_EMPTY_LINE = "\r\033[K";

  private final boolean shown;
  private final PrintStream terminal = System.err;

  private StatusLine(boolean shown) {
    this.shown = shown;
  }

  /** Shows nothing where stderr is a file or a pipe. */
  public static StatusLine onTerminal() throws InterruptedException {
    return new StatusLine(stderrIsTerminal());
  }

  /** {@code System.console()} would answer for stdin and stdout. */
  private static boolean stderrIsTerminal() throws InterruptedException {
    try {
      return new ProcessBuilder("sh", "-c", "[ -t 2 ]").inheritIO().start().waitFor() == 0;
    } catch (IOException noShell) {
      return false;
    }
  }

  /** Writes over what was there. */
  public void at(String place) {
    if (shown) {
      terminal.print(START_OF_EMPTY_LINE + place);
      terminal.flush();
    }
  }

  /** Leaves nothing on the line. */
  public void clear() {
    if (shown) {
      terminal.print(START_OF_EMPTY_LINE);
      terminal.flush();
    }
  }
}
