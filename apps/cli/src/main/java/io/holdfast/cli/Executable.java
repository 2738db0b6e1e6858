package io.holdfast.cli;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether a command can be executed, found as execvp(3) does: looked at before the lock is
 * acquired, so that a slip of the pen takes no lock.
 */
final class Executable {
  private Executable() {}

  /** Checks that there is such a command. */
  static void check(String command, String searchPath) {
    List<Path> found = candidates(command, searchPath).filter(Files::exists).toList();
    if (found.isEmpty()) {
      throw new CommandFailure(ExitCodes.NOT_FOUND, "command not found: " + command);
    }
    if (found.stream().noneMatch(file -> Files.isRegularFile(file) && Files.isExecutable(file))) {
      throw new CommandFailure(ExitCodes.NOT_EXECUTABLE, "not executable: " + found.get(0));
    }
  }

  private static Stream<Path> candidates(String command, String searchPath) {
    if (command.isEmpty()) {
      return Stream.empty();
    } else if (command.contains("/")) {
      return Stream.of(Path.of(command));
    }
    return Pattern.compile(Pattern.quote(File.pathSeparator))
        .splitAsStream(searchPath)
        .map(folder -> Path.of(folder, command));
  }
}
