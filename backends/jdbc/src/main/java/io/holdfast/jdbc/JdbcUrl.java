package io.holdfast.jdbc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A driver's URL with parameters of ours among its own. Ours are taken out before the driver sees
 * it; all that may hold a credential is left out of {@link #toString()} and of every message.
 *
 * @param forDriver what the driver connects with; may hold credentials
 * @param shown the server and database, for messages
 * @param product what the URL says is there; the server may be another one
 * @param form how locks are kept
 * @param table the lease table, with its schema if one is given
 * @param create whether a missing table is created when connecting
 * @param prefix what the table's names begin with
 * @param connections the most that the lease table is asked over
 */
record JdbcUrl(
    String forDriver,
    String shown,
    Dialect product,
    Form form,
    String table,
    boolean create,
    String prefix,
    int connections) {

  /** How locks are kept in the database. */
  enum Form {
    /** A row for each lock. */
    TABLE,
    /** Locks of a session, which is the lease. */
    SESSION
  }

  private static final String OURS = "holdfast";
  private static final String CONNECTIONS_BY_DEFAULT = "16";
  private static final Pattern TABLE =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_]{0,29}\\.)?[A-Za-z_][A-Za-z0-9_]{0,29}");
  private static final String SERVER = "([^:/?;,\\[]*|\\[[0-9A-Fa-f:.]*])(:[0-9]*)?";
  private static final Pattern SERVERS = Pattern.compile(SERVER + "(," + SERVER + ")*([/?;].*)?");
  // What stands behind a password with a mark in it is no parameter, and has the server's @.
  private static final Pattern CREDENTIAL_OR_PLAIN =
      Pattern.compile("(?i)[a-z]*(user|password)[a-z]*=.*|[^@]*");
  // The alphabet of lock names.
  private static final Pattern CONNECTIONS = Pattern.compile("[2-9]|[1-5][0-9]|6[0-4]");
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:/@-]{0,100}");

  /**
   * Reads {@code jdbc:postgresql://host/database?user=..&holdfast.table=..} and the like.
   *
   * @throws IllegalArgumentException if it is of no database that Holdfast knows, or has a
   *     parameter {@code holdfast...} that is not one or has no such value
   */
  static JdbcUrl parse(String url) {
    Dialect product = product(url);
    boolean semicolons = product == Dialect.SQLSERVER || product == Dialect.H2;
    List<String> parts = semicolons ? betweenSemicolons(url, product) : betweenAmpersands(url);
    List<String> drivers = new ArrayList<>(parts.subList(0, 1));
    Map<String, String> ours = new HashMap<>();
    for (String parameter : parts.subList(1, parts.size())) {
      int equals = parameter.indexOf('=');
      String key = equals < 0 ? parameter : parameter.substring(0, equals);
      if (!isOurs(key)) {
        drivers.add(parameter);
      } else if (ours.put(key, parameter.substring(key.length()).replaceFirst("^=", "")) != null) {
        throw new IllegalArgumentException("The JDBC URL has " + key + " twice");
      }
    }
    String head = drivers.get(0);
    String rest = String.join(semicolons ? ";" : "&", drivers.subList(1, drivers.size()));
    JdbcUrl parsed =
        new JdbcUrl(
            drivers.size() == 1 ? head : head + (semicolons ? ";" : "?") + rest,
            shown(head, drivers.subList(1, drivers.size())),
            product,
            take(ours, OURS, "table", "table|session").equals("table") ? Form.TABLE : Form.SESSION,
            take(ours, OURS + ".table", "holdfast_lock", TABLE.pattern()),
            take(ours, OURS + ".create", "false", "true|false").equals("true"),
            take(ours, OURS + ".prefix", "", PREFIX.pattern()),
            Integer.parseInt(
                take(ours, OURS + ".connections", CONNECTIONS_BY_DEFAULT, CONNECTIONS.pattern())));
    if (!ours.isEmpty()) {
      throw new IllegalArgumentException(
          "The JDBC URL's parameters for Holdfast are holdfast, holdfast.table, holdfast.create,"
              + " holdfast.prefix and holdfast.connections; it has another one that begins with"
              + " holdfast");
    }
    return parsed;
  }

  /** Wrappers put a word of theirs before the product's: {@code jdbc:wrapper:postgresql:}. */
  private static Dialect product(String url) {
    String[] words = url.split("[:/?;]", 4);
    if (!words[0].toLowerCase(Locale.ROOT).equals("jdbc")) {
      throw new IllegalArgumentException("A JDBC URL begins with jdbc:");
    }
    return Arrays.stream(words)
        .limit(3)
        .flatMap(word -> Dialect.ofUrl(word).stream())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Holdfast knows jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb:, jdbc:sqlserver:"
                        + " and jdbc:h2:, and this is none of them"));
  }

  private static boolean isOurs(String key) {
    String word = key.toLowerCase(Locale.ROOT);
    return word.equals(OURS) || word.startsWith(OURS + ".");
  }

  private static String take(Map<String, String> ours, String key, String usual, String allowed) {
    String value = Optional.ofNullable(ours.remove(key)).orElse(usual);
    if (!value.matches(allowed)) {
      throw new IllegalArgumentException(
          "The JDBC URL's parameter %s has a value that is not of the form %s"
              .formatted(key, allowed));
    }
    return value;
  }

  private static List<String> betweenAmpersands(String url) {
    int mark = url.indexOf('?');
    List<String> parts = new ArrayList<>();
    parts.add(mark < 0 ? url : url.substring(0, mark));
    if (mark >= 0) {
      parts.addAll(List.of(url.substring(mark + 1).split("&", -1)));
    }
    return parts;
  }

  /** A value of SQL Server's may stand in braces, and in H2's a backslash hides a semicolon. */
  private static List<String> betweenSemicolons(String url, Dialect product) {
    List<String> parts = new ArrayList<>();
    boolean inBraces = false;
    int start = 0;
    for (int i = 0; i < url.length(); i++) {
      char c = url.charAt(i);
      if (product == Dialect.SQLSERVER && c == '{' && !inBraces) {
        inBraces = url.charAt(i - 1) == '=';
      } else if (inBraces && c == '}') {
        inBraces = url.startsWith("}", i + 1); // two are one, and do not end it
        i += inBraces ? 1 : 0;
      } else if (product == Dialect.H2 && c == '\\') {
        i++;
      } else if (c == ';' && !inBraces) {
        parts.add(url.substring(start, i));
        start = i + 1;
      }
    }
    parts.add(url.substring(start));
    return parts;
  }

  /**
   * Drivers take credentials as {@code user:password@host} or {@code (user=..,password=..)}. Where
   * a password may have been cut at a mark of its own, the place is not shown at all.
   */
  private static String shown(String head, List<String> parameters) {
    int end = head.indexOf('(');
    String place = end < 0 ? head : head.substring(0, end) + "...";
    int slashes = place.indexOf("//");
    if (slashes >= 0) {
      String behind = place.substring(slashes + 2);
      String servers = behind.substring(behind.lastIndexOf('@') + 1);
      boolean isCut =
          parameters.stream().anyMatch(one -> !CREDENTIAL_OR_PLAIN.matcher(one).matches());
      boolean isWhole = !isCut && SERVERS.matcher(servers).matches();
      place = place.substring(0, slashes + 2) + (isWhole ? servers : "...");
    }
    return place.replaceAll("[?;].*", "").replaceAll("[^!-~]", "?");
  }

  /** Without credentials. */
  @Override
  public String toString() {
    return shown + " (" + (form == Form.TABLE ? "table " + table : "session") + ")";
  }
}
