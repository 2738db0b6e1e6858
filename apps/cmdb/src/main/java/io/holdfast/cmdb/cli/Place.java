package io.holdfast.cmdb.cli;

import io.holdfast.LockListener;
import io.holdfast.Locks;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.store.Database;
import io.holdfast.embedded.DataFolder;
import io.holdfast.embedded.EmbeddedServerException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Locale;
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
      description =
          "Your PostgreSQL instead: jdbc:postgresql://HOST/DATABASE?user=NAME; without "
              + "it, the variable HOLDFAST_DB says it, if it is set.")
  private Optional<String> db = Optional.empty();

  @Option(
      names = "--store",
      paramLabel = "URL",
      description =
          "With --db: where the locks are, by any URL that 'holdfast run' takes; without it, "
              + "the variable HOLDFAST_STORE says it, and without that they are in a table of "
              + "the same PostgreSQL.")
  private Optional<String> store = Optional.empty();

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

    /** May hold a password. */
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

    /** The same for who merges. */
    public Database databaseToMerge(int connections) {
      try {
        return Database.openToMerge(databaseUrl, connections);
      } catch (SQLException e) {
        throw unavailable(databaseUrl, e);
      }
    }

    /** Connects to the locks. */
    public Locks locks(Settings settings, LockListener listener) {
      try {
        return Locks.connect(storeUrl, settings.locksConfig().listener(listener));
      } catch (IllegalArgumentException e) {
        throw new CmdbException(CmdbException.USAGE, "--store: " + e.getMessage());
      }
    }

    @Override
    public void close() {
      folder.ifPresent(DataFolder::close);
    }
  }

  /** Starts or joins the servers of a folder, or takes those that are given. */
  public Servers open() {
    Optional<String> database = data.isPresent() ? db : db.or(() -> variable("HOLDFAST_DB"));
    if (db.isPresent() && data.isPresent()) {
      throw wrong("--data and --db exclude each other: a data folder has its own PostgreSQL");
    }
    return database.isPresent()
        ? given(database.get())
        : openFolder(data.orElseGet(() -> Path.of(System.getProperty("user.home"), ".holdfast")));
  }

  /** A folder that is named counts for more than the variables. */
  private static Optional<String> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(url -> !url.isEmpty());
  }

  private Servers given(String database) {
    if (!database.startsWith("jdbc:postgresql:")) {
      throw wrong("--db is like jdbc:postgresql://HOST/DATABASE?user=NAME");
    }
    Optional<String> named = store.or(() -> variable("HOLDFAST_STORE"));
    if (named.filter(url -> url.toLowerCase(Locale.ROOT).startsWith("memory:")).isPresent()) {
      throw wrong("memory: locks only the threads of one process; give a shared --store");
    }
    return new Servers(database, named.orElseGet(() -> lockTableIn(database)), Optional.empty());
  }

  /** The machines' own database as the store of their locks: one server for all. */
  private static String lockTableIn(String database) {
    char first = database.contains("?") ? '&' : '?';
    return database + first + "holdfast=table&holdfast.create=true";
  }

  /**
   * The same, with a folder of the caller's where the command line names nothing: what invents
   * machines is not to do so in the database of a variable.
   */
  public Servers openElseIn(Path folder) {
    boolean nothingIsNamed = db.isEmpty() && data.isEmpty();
    return nothingIsNamed ? openFolder(folder.resolve("data")) : open();
  }

  private Servers openFolder(Path folder) {
    if (store.isPresent()) {
      throw wrong("--store needs --db: the locks of a data folder are in its own Redis");
    }
    try {
      DataFolder open = DataFolder.open(folder);
      return new Servers(open.databaseUrl(), open.storeUrl(), Optional.of(open));
    } catch (EmbeddedServerException e) {
      throw new CmdbException(
          CmdbException.UNAVAILABLE, e.getMessage() + "; --db and --store use servers of your own");
    }
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
