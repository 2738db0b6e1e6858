package io.holdfast.redis;

import io.holdfast.StoreRefusedException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the server tells about itself; an absent field says nothing. */
record ServerInfo(Map<String, String> fields) {

  private static final String OLDEST = "6.2";
  private static final Pattern VERSION = Pattern.compile("^([0-9]{1,4})\\.([0-9]{1,4})");
  private static final Pattern POLICY = Pattern.compile("(?m)^maxmemory_policy:([a-z-]+)");

  /** Reads the answer to {@code HELLO}: names and values by turns. */
  static ServerInfo of(List<Object> namesAndValues) {
    Map<String, String> fields = new HashMap<>();
    for (int i = 0; i + 1 < namesAndValues.size(); i += 2) {
      fields.put(String.valueOf(namesAndValues.get(i)), String.valueOf(namesAndValues.get(i + 1)));
    }
    return new ServerInfo(fields);
  }

  /**
   * Refuses a server that cannot be used.
   *
   * @throws StoreRefusedException if locks would not work
   */
  void check(String about) {
    if ("cluster".equals(fields.get("mode"))) {
      throw RedisFailure.cluster(about);
    }
    String role = fields.getOrDefault("role", "master");
    if (!role.equals("master")) {
      throw new StoreRefusedException(about + " is a replica: connect to the master");
    }
    String version = fields.getOrDefault("version", OLDEST);
    if (isOlder(version)) {
      throw new StoreRefusedException(
          about + " is version " + version + ", and locks need " + OLDEST + " or newer");
    }
  }

  /** Tells of a policy that would evict locks, if the answer to {@code INFO} names one. */
  static void checkEviction(String info, String about, Consumer<String> warnings) {
    Matcher policy = POLICY.matcher(info);
    if (policy.find() && !policy.group(1).equals("noeviction")) {
      warnings.accept(
          about
              + " may evict locks that are held (maxmemory-policy "
              + policy.group(1)
              + "): set maxmemory-policy noeviction");
    }
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
