package io.holdfast.redis;

import io.holdfast.StoreRefusedException;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the server tells about itself; an absent field says nothing. */
record ServerInfo(Map<String, String> fields) {

  private static final String OLDEST = "6.2";
  private static final Pattern VERSION = Pattern.compile("^([0-9]{1,4})\\.([0-9]{1,4})");

  /** Reads the answer to {@code INFO}. */
  static ServerInfo of(String info) {
    return new ServerInfo(
        info.lines()
            .map(line -> line.split(":", 2))
            .filter(field -> field.length == 2)
            .collect(Collectors.toMap(field -> field[0], field -> field[1], (one, two) -> one)));
  }

  /**
   * Refuses a server that cannot be used, and tells of a policy that would evict locks.
   *
   * @throws StoreRefusedException if locks would not work
   */
  void check(String about, Consumer<String> warnings) {
    if (is("redis_mode", "cluster")) {
      throw RedisFailure.cluster(about);
    }
    if (is("role", "slave")) {
      throw new StoreRefusedException(about + " is a replica: connect to the master");
    }
    String version = fields.getOrDefault("redis_version", OLDEST);
    if (isOlder(version)) {
      throw new StoreRefusedException(
          about + " is version " + version + ", and locks need " + OLDEST + " or newer");
    }
    String policy = fields.getOrDefault("maxmemory_policy", "noeviction");
    if (!policy.equals("noeviction")) {
      warnings.accept(
          about
              + " may evict locks that are held (maxmemory-policy "
              + policy
              + "): set maxmemory-policy noeviction");
    }
  }

  private boolean is(String field, String value) {
    return value.equals(fields.get(field));
  }

  private static boolean isOlder(String version) {
    Matcher numbers = VERSION.matcher(version);
    if (!numbers.find()) {
      return false; // not Redis's own numbers: nothing is known
    }
    int major = Integer.parseInt(numbers.group(1));
    int minor = Integer.parseInt(numbers.group(2));
    return major < 6 || (major == 6 && minor < 2);
  }
}
