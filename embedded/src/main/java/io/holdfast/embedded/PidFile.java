package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The process that a file names, which is believed only if it works in the expected folder: after a
 * crash the number may be any process's. Linux.
 */
final class PidFile {

  private PidFile() {}

  /** The number at the file's start, if it is a living process that works in the folder. */
  static OptionalLong processIn(Path folder, Path file) {
    OptionalLong pid = numberIn(file);
    return pid.isPresent() && worksIn(folder, pid.getAsLong()) ? pid : OptionalLong.empty();
  }

  /** The number at the file's start, whosever it is. */
  static OptionalLong numberIn(Path file) {
    try {
      String number = Files.readString(file, ISO_8859_1).strip().split("\\s", 2)[0];
      return OptionalLong.of(Long.parseLong(number));
    } catch (IOException | NumberFormatException none) {
      return OptionalLong.empty();
    }
  }

  /** False for a zombie, which works nowhere. */
  static boolean worksIn(Path folder, long pid) {
    try {
      return Files.isSameFile(Path.of("/proc", Long.toString(pid), "cwd"), folder);
    } catch (IOException goneOrNotOurs) {
      return false;
    }
  }
}
