package io.holdfast.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Finds {@code synchronized} blocks, which ArchUnit does not see: they are no modifier but an
 * instruction. The JDK's own disassembler shows them.
 */
final class Monitors {
  private Monitors() {}

  /** The methods with a {@code synchronized} block, as javap prints them below their class. */
  static List<String> enteredIn(JavaClasses classes) {
    String[] arguments =
        Stream.concat(Stream.of("-c", "-p"), classes.stream().map(Monitors::file))
            .toArray(String[]::new);
    StringWriter text = new StringWriter();
    int exit =
        ToolProvider.findFirst("javap")
            .orElseThrow()
            .run(new PrintWriter(text), new PrintWriter(text), arguments);
    if (exit != 0) {
      throw new IllegalStateException(text.toString());
    }

    List<String> found = new ArrayList<>();
    String javaClass = "";
    String method = "";
    for (String line : text.toString().lines().toList()) {
      if (line.endsWith("{") && !line.startsWith(" ")) {
        javaClass = line;
      } else if (line.startsWith("  ") && !line.startsWith("   ")) {
        method = line.strip();
      } else if (line.endsWith(": monitorenter")) {
        found.add(javaClass + " " + method);
      }
    }
    return found;
  }

  private static String file(JavaClass javaClass) {
    String uri = javaClass.getSource().orElseThrow().getUri().toString();
    return uri.startsWith("file:") ? uri.replaceFirst("^file:/*", "/") : uri;
  }
}
