package io.holdfast.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * This JVM's part in the servers of one folder: how many of its {@link DataFolder}s use them, and
 * the two things that tell so to others as long as there is one, its share of the gate and its end
 * of the keeper's FIFO.
 *
 * <p>The share says surely whether one is first or last, but a shell cannot wait for it; the FIFO's
 * end wakes the keeper, but nobody can ask how many hold it.
 */
final class SharedServers {

  private static final Map<Path, SharedServers> OF_THIS_JVM = new ConcurrentHashMap<>();
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

  private final Path folder;
  private final Gate gate;
  private final ReentrantLock oneAtATime = new ReentrantLock();
  private @Nullable Keeper keeper;
  private int users;

  private SharedServers(Path folder) {
    this.folder = folder;
    this.gate = new Gate(folder);
  }

  /**
   * One for each folder.
   *
   * @param folder as {@link Path#toRealPath} has it
   */
  static SharedServers in(Path folder) {
    return OF_THIS_JVM.computeIfAbsent(folder, SharedServers::new);
  }

  /** The running servers, for one user more; starts those that do not run. */
  Running join() throws IOException {
    oneAtATime.lock();
    try {
      gate.enter();
      try {
        boolean othersUseThem = users > 0 || gate.hasUsers();
        Keeper joined = keep(othersUseThem);
        try {
          Running running = run(joined, othersUseThem);
          users++;
          return running;
        } catch (RuntimeException | IOException e) {
          letGoIfUnused();
          throw e;
        }
      } finally {
        gate.exit();
      }
    } finally {
      oneAtATime.unlock();
    }
  }

  /** One user less; the last one of all JVMs returns when the servers have ended. */
  void leave() throws IOException {
    oneAtATime.lock();
    try {
      gate.enter();
      try {
        users--;
        letGoIfUnused();
      } finally {
        gate.exit();
      }
    } finally {
      oneAtATime.unlock();
    }
  }

  private Keeper keep(boolean othersUseThem) throws IOException {
    Keeper mine = keeper;
    if (mine != null) {
      mine.join();
      return mine;
    }
    if (!othersUseThem) {
      Keeper.awaitEndOfFormer(folder); // with what a killed user was just starting
    }
    gate.takeShare();
    try {
      mine = Keeper.ofShared(folder);
      keeper = mine;
      return mine;
    } catch (RuntimeException | IOException e) {
      gate.giveShareBack();
      throw e;
    }
  }

  private void letGoIfUnused() throws IOException {
    Keeper mine = keeper;
    if (users > 0 || mine == null) {
      return;
    }
    keeper = null;
    mine.leave();
    gate.giveShareBack();
    if (!gate.hasUsers()) {
      mine.awaitEnd();
    }
  }

  private Running run(Keeper told, boolean othersUseThem) throws IOException {
    OptionalLong redis = PidFile.processIn(folder, folder.resolve("redis.pid"));
    OptionalLong database = EmbeddedPostgreSql.runningIn(folder);
    long redisPid =
        redis.isPresent() ? joinRedis(told, redis.getAsLong()) : startRedis(told, othersUseThem);
    long databasePid =
        database.isPresent()
            ? joinDatabase(told, database.getAsLong())
            : startDatabase(told, othersUseThem);
    return new Running(
        Access.of(folder), redisPid, databasePid, redis.isEmpty() || database.isEmpty());
  }

  private long joinRedis(Keeper told, long pid) throws IOException {
    told.tell("server " + pid + " TERM"); // it may be a new keeper
    Access access = Access.of(folder);
    Optional<String> password = Optional.of(access.password());
    if (!Polling.until(() -> RedisProbe.answers(access.redisPort(), password, pid), ANSWER_LIMIT)) {
      throw new IOException("its Redis, process " + pid + ", runs but does not answer; end it");
    }
    return pid;
  }

  private long startRedis(Keeper told, boolean othersUseThem) throws IOException {
    ServerProcess server = ServerProcess.inSharedFolder(folder, "redis", "TERM", told);
    Access access = Access.of(folder);
    return startAt(
        access.redisPort(),
        othersUseThem,
        server,
        port -> {
          write(access.withRedisPort(port));
          return EmbeddedRedis.builder()
              .password(access.password())
              .config("pidfile redis.pid")
              .startAt(port, server)
              .pid();
        });
  }

  private long joinDatabase(Keeper told, long pid) throws IOException {
    told.tell("server " + pid + " INT");
    if (!Polling.until(() -> EmbeddedPostgreSql.isReady(folder, pid), ServerProcess.START_LIMIT)) {
      throw new IOException("its PostgreSQL, process " + pid + ", is not ready; end it");
    }
    return pid;
  }

  private long startDatabase(Keeper told, boolean othersUseThem) throws IOException {
    ServerProcess server = ServerProcess.inSharedFolder(folder, "postgresql", "INT", told);
    Access access = Access.of(folder);
    return startAt(
        access.databasePort(),
        othersUseThem,
        server,
        port -> {
          write(access.withDatabasePort(port));
          return EmbeddedPostgreSql.builder()
              .startAt(port, server, access.password(), "--sync-method=fsync")
              .pid();
        });
  }

  private static long startAt(
      int port, boolean othersUseThem, ServerProcess server, IntFunction<Long> start)
      throws IOException {
    try {
      return FreePort.startAt(port, !othersUseThem, server, start);
    } catch (EmbeddedServerException e) {
      if (othersUseThem && server.foundItsPortTaken()) {
        throw new IOException(
            "another program took port "
                + port
                + " of a server that had died; end that program,"
                + " or all that use the folder",
            e);
      }
      throw e;
    }
  }

  private void write(Access access) {
    try {
      access.writeTo(folder);
    } catch (IOException e) {
      throw new EmbeddedServerException("no port can be written down: " + e, e);
    }
  }

  /** What a join found or made. */
  record Running(Access access, long redisPid, long databasePid, boolean wasStarted) {}
}
