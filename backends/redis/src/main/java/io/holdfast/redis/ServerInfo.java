package io.holdfast.redis;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.StoreRefusedException;
import java.util.ArrayList;
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
  private static final Pattern APPEND_ONLY = Pattern.compile("(?m)^aof_enabled:([01])");
  private static final Pattern REPLICAS = Pattern.compile("(?m)^connected_slaves:([0-9]{1,6})");

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
    for (Finding finding : findings(about)) {
      if (finding.level() == Finding.Level.REFUSED) {
        throw new StoreRefusedException(finding.found() + ": " + finding.cure());
      }
    }
  }

  /**
   * Refuses the server behind a connection that is not the first. A failover moves the address to
   * another server, and back: a replica passes, as one that says {@code READONLY} does. Scripts
   * would not always hear that from it, because they answer what they can before they write.
   *
   * @throws BackendException if it is a replica
   * @throws StoreRefusedException if locks would not work for another reason
   */
  void checkReopened(String about) {
    if (isReplica()) {
      throw RedisFailure.replica(about);
    }
    check(about);
  }

  private boolean isReplica() {
    return !fields.getOrDefault("role", "master").equals("master");
  }

  /** Whether locks would work, by what it said when it was greeted. */
  List<Finding> findings(String about) {
    String mode = fields.getOrDefault("mode", "standalone");
    String version = fields.getOrDefault("version", OLDEST);
    return List.of(
        mode.equals("cluster")
            ? Finding.refused("mode", about + " is a cluster", "not supported yet")
            : Finding.ok("mode", mode),
        isReplica()
            ? Finding.refused("role", about + " is a replica", "connect to the master")
            : Finding.ok("role", "master"),
        isOlder(version)
            ? Finding.refused(
                "version", about + " is version " + version, "locks need " + OLDEST + " or newer")
            : Finding.ok("version", version));
  }

  /** What a restart and a failover would make of locks, by the answer to {@code INFO}. */
  static List<Finding> endurance(String info) {
    List<Finding> findings = new ArrayList<>();
    Matcher log = APPEND_ONLY.matcher(info);
    if (log.find()) {
      findings.add(
          log.group(1).equals("1")
              ? Finding.ok("restart", "the append-only file is on")
              : Finding.warning(
                  "restart",
                  "a restart forgets locks that are held (appendonly no)",
                  "set appendonly yes, or keep it down for a lease before it starts again"));
    }
    Matcher replicas = REPLICAS.matcher(info);
    if (replicas.find()) {
      int count = Integer.parseInt(replicas.group(1));
      findings.add(
          count == 0
              ? Finding.ok("failover", "there is no replica to fail over to")
              : Finding.warning(
                  "failover",
                  "with %d connected replicas, a failover may forget locks that are held"
                      .formatted(count),
                  "guard what the locks protect: tokens grow all the same"));
    }
    return findings;
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
