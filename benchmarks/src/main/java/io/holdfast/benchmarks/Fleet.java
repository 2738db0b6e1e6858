package io.holdfast.benchmarks;

import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is reported: machines of which five sources say 20 attributes each, about 1 kB of JSON. Half
 * of them only that source knows; about the others sources differ. A few change with each report.
 */
final class Fleet {

  static final List<String> SOURCES = List.of("facter", "glpi", "redfish", "ec2", "collect");

  /** An attribute that only its source states and that is another in each of its reports. */
  static final String SEQUENCE = "sequence.";

  private static final Instant FIRST = Instant.parse("2026-11-20T08:00:00Z");

  private Fleet() {}

  /**
   * A report.
   *
   * @param sequence the greater, the later it was observed; no two reports of one machine and
   *     source have the same
   */
  static Report report(int machine, int source, long sequence) {
    String name = SOURCES.get(source);
    String number = Integer.toString(100_000_000 + machine).substring(1);
    Map<String, Value> says = new HashMap<>();
    says.put(SEQUENCE + name, Value.of(sequence));
    says.put("serial", Value.of("SN-" + number));
    says.put("vendor", Value.of(source == 2 ? "Dell Inc." : "Dell"));
    says.put("model", Value.of("PowerEdge R6" + machine % 7 + "5"));
    says.put("hostname", Value.of("node-" + number));
    says.put("fqdn", Value.of("node-" + number + ".example.org"));
    says.put("os.name", Value.of("Debian GNU/Linux"));
    says.put("os.version", Value.of("12." + machine % 9));
    says.put("cpu.count", Value.of(8L << machine % 4));
    says.put("memory.bytes", Value.of((16L << 30) + source));
    for (int i = 0; i < 8; i++) {
      says.put(name + ".detail" + i, Value.of(name + " says " + i + " of " + number));
    }
    says.put(name + ".uptime", Value.of(sequence * 60));
    says.put(name + ".load", Value.of(sequence % 100));
    List<Key> keys =
        List.of(key(Key.Kind.SERIAL, "sn-" + number), key(Key.Kind.HOSTNAME, "node-" + number));
    try {
      return Report.of(name, FIRST.plusMillis(sequence), keys, says);
    } catch (BadReportException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Key key(Key.Kind kind, String value) {
    Optional<Key> key = Key.of(kind, value);
    return key.orElseThrow();
  }
}
