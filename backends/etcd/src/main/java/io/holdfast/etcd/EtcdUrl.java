package io.holdfast.etcd;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where the cluster is, who we are there, and how our keys begin. No message and no {@link
 * #toString()} repeats the user or the password.
 */
record EtcdUrl(
    boolean tls,
    List<String> servers,
    Optional<User> user,
    String prefix,
    Optional<Path> ca,
    Optional<Path> cert,
    Optional<Path> key) {

  static final Set<String> SCHEMES = Set.of("etcd", "etcds");

  private static final String FORM =
      "etcd://[user:password@]host[:port][,host[:port]...][?prefix=lock_]";
  private static final Set<String> PARAMETERS = Set.of("prefix", "ca", "cert", "key");
  private static final Pattern SERVER =
      Pattern.compile("(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?");
  // The alphabet of lock names: what separates the parts of a key is no part of it.
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:/@-]{0,100}");
  private static final int PORT = 2379;

  /** Who we are. */
  record User(String name, String password) {
    @Override
    public String toString() {
      return "User";
    }
  }

  /**
   * Reads {@code etcd://[user:password@]host[:port][,host[:port]...][?prefix=lock_]}.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static EtcdUrl parse(String url) {
    URI uri = uri(url);
    String authority = uri.getRawAuthority();
    if (uri.getScheme() == null || !SCHEMES.contains(uri.getScheme())) {
      throw new IllegalArgumentException("An etcd URL begins with etcd:// or etcds://");
    }
    if (authority == null || uri.getRawFragment() != null || uri.getRawPath().length() > 1) {
      throw new IllegalArgumentException(
          "An etcd URL is " + FORM + "; percent-encode what else is in user and password");
    }
    int at = authority.lastIndexOf('@');
    boolean tls = uri.getScheme().equals("etcds");
    Map<String, String> parameters = parameters(uri.getRawQuery());
    if (!tls && Stream.of("ca", "cert", "key").anyMatch(parameters::containsKey)) {
      throw new IllegalArgumentException("ca, cert and key are for TLS: etcds://");
    }
    if (parameters.containsKey("cert") != parameters.containsKey("key")) {
      throw new IllegalArgumentException("cert and key of an etcd URL come together");
    }
    return new EtcdUrl(
        tls,
        Stream.of(authority.substring(at + 1).split(",", -1)).map(EtcdUrl::server).toList(),
        at < 0 ? Optional.empty() : Optional.of(user(authority.substring(0, at))),
        prefix(parameters.getOrDefault("prefix", "lock_")),
        Optional.ofNullable(parameters.get("ca")).map(Path::of),
        Optional.ofNullable(parameters.get("cert")).map(Path::of),
        Optional.ofNullable(parameters.get("key")).map(Path::of));
  }

  private static URI uri(String url) {
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      // Its message repeats the URL.
      throw new IllegalArgumentException(
          "The etcd URL has a character that is none of a URL's at index "
              + e.getIndex()
              + ": percent-encode it");
    }
  }

  private static String server(String text) {
    Matcher server = SERVER.matcher(text);
    if (!server.matches()) {
      throw new IllegalArgumentException("A server in the etcd URL cannot be read: " + FORM);
    }
    int port = server.group(2) == null ? PORT : Integer.parseInt(server.group(2));
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("A port of an etcd URL is 1 to 65535, not " + port);
    }
    return server.group(1) + ":" + port;
  }

  private static User user(String text) {
    int colon = text.indexOf(':');
    if (colon < 1 || colon == text.length() - 1) {
      throw new IllegalArgumentException("An etcd URL with @ has user:password before it");
    }
    return new User(decoded(text.substring(0, colon)), decoded(text.substring(colon + 1)));
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new HashMap<>();
    if (query == null) {
      return parameters;
    }
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      if (!PARAMETERS.contains(name)
          || equals < 0
          || parameters.put(name, decoded(parameter.substring(equals + 1))) != null) {
        throw new IllegalArgumentException(
            "The parameters of an etcd URL are prefix, ca, cert and key, each once, as in"
                + " ?prefix=lock_");
      }
    }
    return parameters;
  }

  private static String prefix(String prefix) {
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "The prefix in an etcd URL has 0 to 100 characters of A-Z a-z 0-9 . _ : / @ -");
    }
    return prefix;
  }

  /** Percent-decoded; a plus is a plus. */
  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** The servers, for messages. */
  String address() {
    return String.join(",", servers);
  }

  /** The servers, for jetcd. */
  String[] endpoints() {
    return servers.stream()
        .map(server -> (tls ? "https://" : "http://") + server)
        .toArray(String[]::new);
  }

  /** Without user and password. */
  @Override
  public String toString() {
    return (tls ? "etcds://" : "etcd://")
        + servers.stream().collect(Collectors.joining(","))
        + "?prefix="
        + prefix;
  }
}
