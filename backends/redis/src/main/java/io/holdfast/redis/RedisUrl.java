package io.holdfast.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the server is and how its keys begin. No message and no {@link #toString()} repeats the
 * user or the password.
 */
record RedisUrl(
    boolean tls,
    String host,
    int port,
    int database,
    @Nullable String user,
    @Nullable String password,
    String prefix) {

  static final Set<String> SCHEMES = Set.of("redis", "rediss");

  private static final String FORM =
      "redis://[[user]:password@]host[:port][/database][?prefix=lock_]";
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?");
  private static final Pattern DATABASE = Pattern.compile("(?:/([0-9]{1,5})?)?");
  // The alphabet of lock names: no brace, which would steer slots, and no pattern of an ACL.
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:/@-]{0,100}");

  /**
   * Reads {@code redis://[[user]:password@]host[:port][/database][?prefix=lock_]}.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static RedisUrl parse(String url) {
    URI uri = uri(url);
    String authority = uri.getRawAuthority();
    if (uri.getScheme() == null || !SCHEMES.contains(uri.getScheme())) {
      throw new IllegalArgumentException("A Redis URL begins with redis:// or rediss://");
    }
    if (authority == null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "A Redis URL is " + FORM + "; percent-encode what else is in user and password");
    }
    int at = authority.lastIndexOf('@');
    @Nullable String user = null;
    @Nullable String password = null;
    if (at >= 0) {
      int colon = authority.indexOf(':');
      if (colon < 0 || colon > at) {
        throw new IllegalArgumentException(
            "A Redis URL with a user needs a password: user:password@host, or :password@host");
      }
      user = colon == 0 ? null : decoded(authority.substring(0, colon));
      password = decoded(authority.substring(colon + 1, at));
      if (password.isEmpty()) {
        throw new IllegalArgumentException("The password in the Redis URL is empty: leave out @");
      }
    }
    Matcher server = matched(HOST_AND_PORT, authority.substring(at + 1), "host and port");
    int port = server.group(2) == null ? RedisURI.DEFAULT_REDIS_PORT : number(server.group(2));
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("The port of a Redis URL is 1 to 65535, not " + port);
    }
    Matcher path = matched(DATABASE, uri.getRawPath(), "database, a number after the slash,");
    return new RedisUrl(
        uri.getScheme().equals("rediss"),
        server.group(1),
        port,
        path.group(1) == null ? 0 : number(path.group(1)),
        user,
        password,
        prefix(uri.getRawQuery()));
  }

  /** Where the server is, for Lettuce. Who we are says {@link Greeting}. */
  RedisURI forLettuce(Duration timeout) {
    RedisURI uri =
        RedisURI.Builder.redis(host.replaceAll("[\\[\\]]", ""), port)
            .withSsl(tls)
            .withVerifyPeer(SslVerifyMode.FULL)
            .withTimeout(timeout)
            .build();
    uri.setLibraryName(""); // a command that servers before 7.2 do not know, and nobody needs
    uri.setLibraryVersion("");
    return uri;
  }

  /** The server, for messages. */
  String about() {
    return "Redis at " + address();
  }

  /** Where releases are published: the names of the locks. */
  String channel() {
    return prefix + "released";
  }

  private String address() {
    return host + ":" + port;
  }

  /** Without user and password. */
  @Override
  public String toString() {
    return (tls ? "rediss://" : "redis://")
        + address()
        + "/"
        + database
        + (prefix.isEmpty() ? "" : "?prefix=" + prefix);
  }

  private static URI uri(String url) {
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      // Its message repeats the URL.
      throw new IllegalArgumentException(
          "The Redis URL has a character that is none of a URL's at index "
              + e.getIndex()
              + ": percent-encode it");
    }
  }

  private static Matcher matched(Pattern pattern, String text, String what) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("The Redis URL's " + what + " cannot be read: " + FORM);
    }
    return matcher;
  }

  private static int number(String digits) {
    return Integer.parseInt(digits);
  }

  private static String prefix(@Nullable String query) {
    if (query == null) {
      return "lock_";
    }
    if (!query.startsWith("prefix=") || query.indexOf('&') >= 0) {
      throw new IllegalArgumentException(
          "A Redis URL has one parameter, prefix, as in ?prefix=lock_");
    }
    String prefix = decoded(query.substring("prefix=".length()));
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "The prefix in a Redis URL has 0 to 100 characters of A-Z a-z 0-9 . _ : / @ -");
    }
    return prefix;
  }

  /** Percent-decoded; a plus is a plus. */
  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
