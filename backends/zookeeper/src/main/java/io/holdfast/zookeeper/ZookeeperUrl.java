package io.holdfast.zookeeper;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.jspecify.annotations.Nullable;

/**
 * Where an ensemble is, and who we are there. Holds a secret: {@link #toString()} hides it, and so
 * does every message of an exception.
 *
 * @param servers {@code host:port}, one or more with commas, as ZooKeeper's client wants them
 * @param root the folder of all locks, such as {@code /holdfast}
 * @param auth {@code scheme:credentials}, or null
 * @param acl whose all nodes are
 * @param config a file of ZooKeeper's client settings, or null
 * @param tickTime that of the servers
 */
record ZookeeperUrl(
    String servers,
    String root,
    @Nullable String auth,
    List<ACL> acl,
    @Nullable String config,
    Duration tickTime) {

  static final Set<String> SCHEMES = Set.of("zookeeper");

  private static final String FORM =
      "zookeeper://host[:port][,host[:port]...][/path][?auth=..&acl=..&config=..&tickTime=..]";
  private static final Pattern URL =
      Pattern.compile(
          "zookeeper://([^/?#]+)((?:/[^?#]*)?)(?:\\?([^#]*))?", Pattern.CASE_INSENSITIVE);
  private static final Pattern SERVER =
      Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?");
  private static final Pattern ROOT = Pattern.compile("(?:/[A-Za-z0-9._:@-]{1,100}){1,10}");
  private static final Pattern TICK = Pattern.compile("[1-9][0-9]{0,5}");
  private static final Pattern PERMISSIONS = Pattern.compile("[cdrwa]{1,5}");
  private static final Set<String> PARAMETERS = Set.of("auth", "acl", "config", "tickTime");

  /**
   * Reads {@value #FORM}.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static ZookeeperUrl parse(String url) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw new IllegalArgumentException("A ZooKeeper URL is " + FORM);
    }
    Map<String, String> parameters = parameters(parts.group(3));
    String auth = parameters.get("auth");
    if (auth != null && !auth.matches("(?s)[a-z0-9]+:.+")) {
      throw new IllegalArgumentException(
          "auth in a ZooKeeper URL is scheme:credentials, as digest:user:password");
    }
    String tick = parameters.getOrDefault("tickTime", "2000");
    if (!TICK.matcher(tick).matches()) {
      throw new IllegalArgumentException(
          "tickTime in a ZooKeeper URL is the servers', 1 to 999999 milliseconds");
    }
    return new ZookeeperUrl(
        Arrays.stream(parts.group(1).split(",", -1))
            .map(ZookeeperUrl::server)
            .collect(Collectors.joining(",")),
        root(parts.group(2)),
        auth,
        acl(parameters.getOrDefault("acl", "open"), auth != null),
        parameters.get("config"),
        Duration.ofMillis(Integer.parseInt(tick)));
  }

  private static String server(String text) {
    Matcher server = SERVER.matcher(text);
    if (!server.matches()) {
      throw new IllegalArgumentException(
          "A server in a ZooKeeper URL cannot be read as host:port; users go to ?auth=: " + FORM);
    }
    int port = server.group(2) == null ? 2181 : Integer.parseInt(server.group(2));
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("A port of a ZooKeeper URL is 1 to 65535, not " + port);
    }
    return server.group(1) + ":" + port;
  }

  private static String root(String path) {
    String root = path.isEmpty() || path.equals("/") ? "/holdfast" : path;
    boolean isOdd = Arrays.stream(root.split("/")).anyMatch(part -> part.matches("\\.\\.?"));
    if (!ROOT.matcher(root).matches() || isOdd || root.matches("/zookeeper(/.*)?")) {
      throw new IllegalArgumentException(
          "The path of a ZooKeeper URL is a folder of A-Z a-z 0-9 . _ : @ - such as /holdfast, not"
              + " /zookeeper");
    }
    return root;
  }

  private static Map<String, String> parameters(@Nullable String query) {
    Map<String, String> found = new HashMap<>();
    for (String parameter : query == null ? new String[0] : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? "" : parameter.substring(0, equals);
      if (!PARAMETERS.contains(name)
          || found.put(name, decoded(parameter.substring(equals + 1))) != null) {
        throw new IllegalArgumentException(
            "A ZooKeeper URL has the parameters auth, acl, config and tickTime, each once");
      }
    }
    return found;
  }

  /** {@code open}, {@code creator}, or ZooKeeper's own {@code scheme:id:cdrwa} with commas. */
  private static List<ACL> acl(String text, boolean weAreSomebody) {
    if (text.equals("open")) {
      return ZooDefs.Ids.OPEN_ACL_UNSAFE;
    }
    if (text.equals("creator")) {
      if (!weAreSomebody) {
        throw new IllegalArgumentException("acl=creator in a ZooKeeper URL needs auth=, too");
      }
      return ZooDefs.Ids.CREATOR_ALL_ACL;
    }
    List<ACL> all = new ArrayList<>();
    for (String one : text.split(",", -1)) {
      int id = one.indexOf(':');
      int permissions = one.lastIndexOf(':');
      if (id < 1
          || id == permissions
          || !PERMISSIONS.matcher(one.substring(permissions + 1)).matches()) {
        throw new IllegalArgumentException(
            "acl in a ZooKeeper URL is open, creator, or scheme:id:cdrwa, more with commas");
      }
      int bits = 0;
      for (char letter : one.substring(permissions + 1).toCharArray()) {
        bits |=
            switch (letter) {
              case 'c' -> ZooDefs.Perms.CREATE;
              case 'd' -> ZooDefs.Perms.DELETE;
              case 'r' -> ZooDefs.Perms.READ;
              case 'w' -> ZooDefs.Perms.WRITE;
              default -> ZooDefs.Perms.ADMIN;
            };
      }
      all.add(new ACL(bits, new Id(one.substring(0, id), one.substring(id + 1, permissions))));
    }
    return List.copyOf(all);
  }

  /** For messages. */
  String about() {
    return "ZooKeeper at " + servers;
  }

  /** Without who we are. */
  @Override
  public String toString() {
    return "zookeeper://" + servers + root;
  }

  /** Percent-decoded; a plus is a plus. */
  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
