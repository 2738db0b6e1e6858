package io.holdfast.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How a command is set apart from this process, with what util-linux or busybox offer for it. */
enum Session {
  /**
   * A session and process group of its own, and the kernel kills it when its parent thread ends.
   */
  TIED,
  /** A session and process group of its own; busybox has no --pdeathsig. */
  OWN,
  /** In our session and process group. */
  SHARED;

  /**
   * The words before the command. Each is a program that becomes the next, so that one id is kept.
   */
  List<String> prefix() {
    return switch (this) {
      case TIED -> List.of("setsid", "setpriv", "--pdeathsig", "KILL", "--");
      case OWN -> List.of("setsid");
      case SHARED -> List.of();
    };
  }

  /** Whether the command's id is also its group's. */
  boolean hasOwnGroup() {
    return this != SHARED;
  }

  /** The best that works here, by trying. */
  static Session find() throws InterruptedException {
    return TIED.works() ? TIED : OWN.works() ? OWN : SHARED;
  }

  private boolean works() throws InterruptedException {
    List<String> command = new ArrayList<>(prefix());
    command.add("true");
    try {
      Process trial =
          new ProcessBuilder(command)
              .redirectOutput(Redirect.DISCARD)
              .redirectError(Redirect.DISCARD)
              .start();
      return trial.waitFor(30, TimeUnit.SECONDS) && trial.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
