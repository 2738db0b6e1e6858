package io.holdfast.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Who this is, for people: {@code host/pid/thread}. */
final class HostLabel {

  private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");
  private static final String PROCESS = host() + "/" + ProcessHandle.current().pid() + "/";

  private HostLabel() {}

  static String of(String thread) {
    String ascii = UNPRINTABLE.matcher(PROCESS + thread).replaceAll("?");
    return ascii.length() <= 128 ? ascii : ascii.substring(0, 128);
  }

  /** Without a look-up in the domain name system, which may take seconds. */
  private static String host() {
    String named = System.getenv("HOSTNAME");
    if (named != null && !named.isBlank()) {
      return named.strip();
    }
    try {
      return Files.readString(Path.of("/etc/hostname"), StandardCharsets.UTF_8).strip();
    } catch (IOException none) {
      return "localhost"; // a system without that file; the label is for people only
    }
  }
}
