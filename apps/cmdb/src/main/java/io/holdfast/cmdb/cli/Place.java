package io.holdfast.cmdb.cli;

import io.holdfast.LockListener;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.cmdb.store.Database;
import io.holdfast.embedded.DataFolder;
import io.holdfast.embedded.EmbeddedServerException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/**
 * The options that say where machines and locks are: a data folder with its own servers, or servers
 * of the user's. The one class here that knows how to get to them.
 */
public final class Place {

  @Spec(Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with a PostgreSQL and a Redis of its own, for one host (default: "
              + "~/.holdfast). Commands that use it at the same time share the servers; the "
              + "last one stops them.")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = "--db",
      paramLabel = "URL",
      defaultValue = "${env:HOLDFAST_DB:-}",
      description =
          "Your PostgreSQL instead: jdbc:postgresql://HOST/DATABASE?user=NAME; without "
              + "it, the variable HOLDFAST_DB says it, if it is set.")
  private String db = "";

  @Option(
      names = "--store",
      paramLabel = "URL",
      defaultValue = "${env:HOLDFAST_STORE:-}",
      description =
          "With --db: where the locks are, such as redis://HOST:PORT; without it, the "
              + "variable HOLDFAST_STORE says it.")
  private String store = "";

  /** Servers that are there, as long as this is open. */
  public static final class Servers implements AutoCloseable {
    private final String databaseUrl;
    private final String storeUrl;
    private final Optional<DataFolder> folder;

    private Servers(String databaseUrl, String storeUrl, Optional<DataFolder> folder) {
      this.databaseUrl = databaseUrl;
      this.storeUrl = storeUrl;
      this.folder = folder;
    }

    /** May hold a password. */
    public String databaseUrl() {
      return databaseUrl;
    }

    /** May hold a password; empty if none was given. */
    public String storeUrl() {
      return storeUrl;
    }

    /** Connects to the database and brings its schema up to date. */
    public Database database(int connections) {
      try {
        return Database.open(databaseUrl, connections);
      } catch (SQLException e) {
        throw unavailable(databaseUrl, e);
      }
    }

    /** Connects to the locks. */
    public Locks locks(LockListener listener) {
      return Locks.connect(storeUrl, LocksConfig.DEFAULTS.listener(listener));
    }

    @Override
    public void close() {
      folder.ifPresent(DataFolder::close);
    }
  }

  /** Starts or joins the servers of a folder, or takes those that are given. */
  public Servers open() {
    if (!db.isEmpty()) {
      if (data.isPresent()) {
        throw wrong("--data and --db exclude each other: a data folder has its own PostgreSQL");
      }
      if (!db.startsWith("jdbc:postgresql:")) {
        throw wrong("--db is like jdbc:postgresql://HOST/DATABASE?user=NAME");
      }
      if (store.toLowerCase(java.util.Locale.ROOT).startsWith("memory:")) {
        throw wrong("memory: locks only the threads of one process; give a shared --store");
      }
      return new Servers(db, store, Optional.empty());
    }
    return openFolder(data.orElseGet(() -> Path.of(System.getProperty("user.home"), ".holdfast")));
  }

  /** The same, with a folder of the caller's where the user names nothing. */
  public Servers openElseIn(Path folder) {
    boolean nothingIsNamed = db.isEmpty() && data.isEmpty();
    return nothingIsNamed ? openFolder(folder.resolve("data")) : openWithLocks();
  }

  private static Servers openFolder(Path folder) {
    try {
      DataFolder open = DataFolder.open(folder);
      return new Servers(open.databaseUrl(), open.storeUrl(), Optional.of(open));
    } catch (EmbeddedServerException e) {
      throw new CmdbException(
          CmdbException.UNAVAILABLE, e.getMessage() + "; --db and --store use servers of your own");
    }
  }

  /** The same for a command that needs locks. */
  public Servers openWithLocks() {
    if (!db.isEmpty() && data.isEmpty() && store.isEmpty()) {
      throw wrong("--db needs --store redis://HOST:PORT (or HOLDFAST_STORE) for the locks");
    }
    return open();
  }

  /** What is told of a database that does not answer or refuses. */
  public static CmdbException unavailable(String url, SQLException e) {
    String text = String.valueOf(e.getMessage()).replace(url, "the URL");
    return new CmdbException(CmdbException.UNAVAILABLE, "PostgreSQL: " + text);
  }

  private ParameterException wrong(String text) {
    return new ParameterException(command.commandLine(), text);
  }
}
