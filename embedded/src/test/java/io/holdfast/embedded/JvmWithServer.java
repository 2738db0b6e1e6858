package io.holdfast.embedded;

import java.io.IOException;
import java.nio.file.Path;

/** A JVM that starts the servers it is told, says where they are, and then waits to be ended. */
final class JvmWithServer {

  private JvmWithServer() {}

  /**
   * Arguments: {@code redis}, {@code postgresql} or {@code mariadb}, of which it prints the
   * server's pid and folder in one line; or {@code folder PATH}, of which it prints the pids of
   * Redis and PostgreSQL and the latter's URL. Ends by itself, without closing the server, when its
   * standard input ends.
   */
  public static void main(String[] args) throws IOException {
    if (args[0].equals("redis")) {
      EmbeddedRedis redis = EmbeddedRedis.start();
      tell(redis.pid(), redis.folder());
    } else if (args[0].equals("folder")) {
      DataFolder data = DataFolder.open(Path.of(args[1]));
      System.out.println(data.storePid() + " " + data.databasePid() + " " + data.databaseUrl());
    } else if (args[0].equals("mariadb")) {
      EmbeddedMariaDb database = EmbeddedMariaDb.start();
      tell(database.pid(), database.folder());
    } else {
      EmbeddedPostgreSql database = EmbeddedPostgreSql.start();
      tell(database.pid(), database.folder());
    }
    while (System.in.read() >= 0) {}
  }

  private static void tell(long pid, Path folder) {
    System.out.println(pid + " " + folder);
  }
}
