package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How a folder's servers are reached: three lines of its file {@code access}, on disk before a
 * server knows them.
 */
record Access(String password, int redisPort, int databasePort) {

  /** What the folder says; random where it is new. */
  static Access of(Path folder) throws IOException {
    Path file = folder.resolve("access");
    if (Files.notExists(file)) {
      if (EmbeddedPostgreSql.hasData(folder)) {
        throw new IOException("its file access is missing, and with it the database's password");
      }
      Access random = new Access(Password.random(), FreePort.pick(), FreePort.pick());
      random.writeTo(folder);
      return random;
    }
    List<String> lines = Files.readAllLines(file);
    try {
      return new Access(
          lines.get(0), Integer.parseInt(lines.get(1)), Integer.parseInt(lines.get(2)));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException("its file access is damaged", e);
    }
  }

  Access withRedisPort(int port) {
    return new Access(password, port, databasePort);
  }

  Access withDatabasePort(int port) {
    return new Access(password, redisPort, port);
  }

  void writeTo(Path folder) throws IOException {
    Path unfinished = folder.resolve("access.new");
    String text = password + "\n" + redisPort + "\n" + databasePort + "\n";
    Files.write(unfinished, text.getBytes(UTF_8), WRITE, CREATE, TRUNCATE_EXISTING, DSYNC);
    Files.move(unfinished, folder.resolve("access"), ATOMIC_MOVE);
    Folders.force(folder);
  }

  /** Names the ports, never the password. */
  @Override
  public String toString() {
    return "Access[" + redisPort + ", " + databasePort + "]";
  }
}
