package io.holdfast.cmdb.report;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Something by which a machine can be told from others, as a source states it. Two keys are the
 * same if kind and value are; the value is folded to lower case, because sources differ in nothing
 * as much.
 *
 * <p>Ordered by kind, then value: the order in which keys are written, so that two writers never
 * wait for each other.
 *
 * @param kind what it is
 * @param value folded, 1 to 200 characters, no junk
 */
public record Key(Kind kind, String value) implements Comparable<Key> {

  /** The kinds of keys, strong ones first. */
  public enum Kind {
    /** The serial number that the maker gave the machine. */
    SERIAL("serial"),
    /** The machine's UUID as its firmware states it. */
    UUID("uuid"),
    /** The id of an instance in a cloud. */
    CLOUD_ID("cloudId"),
    /** The id by which an agent calls its machine. */
    AGENT_ID("agentId"),
    /** The address of a network interface: virtual ones are shared by many machines. */
    MAC("mac"),
    /** The name of the host: easily given twice. */
    HOSTNAME("hostname");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** As reports and commands write it. */
    public String label() {
      return label;
    }

    /**
     * Whether one machine only can have it. A weak key finds a machine for a report without a
     * strong one, and never makes one machine of two.
     */
    public boolean isStrong() {
      return compareTo(MAC) < 0;
    }

    /** The kind of this label. */
    public static Optional<Kind> of(String label) {
      for (Kind kind : values()) {
        if (kind.label.equals(label)) {
          return Optional.of(kind);
        }
      }
      return Optional.empty();
    }
  }

  /** The longest value; a longer one is none that a maker would give. */
  static final int LONGEST = 200;

  private static final Pattern MAC = Pattern.compile("[0-9a-f]{12}");

  /** What makers leave in the field when nobody fills it in. */
  private static final Set<String> JUNK =
      Set.of(
          "none",
          "null",
          "n/a",
          "na",
          "unknown",
          "undefined",
          "not specified",
          "not available",
          "not applicable",
          "not present",
          "not settable",
          "invalid",
          "default string",
          "default",
          "default_string",
          "system serial number",
          "serial number",
          "chassis serial number",
          "system product name",
          "to be filled by o.e.m.",
          "to be filled by o.e.m",
          "o.e.m.",
          "oem",
          "empty",
          "n.a.",
          "xxxxxxxx",
          "0123456789",
          "123456789",
          "1234567890",
          "1234567",
          "12345678",
          "localhost",
          "localhost.localdomain",
          "03000200-0400-0500-0006-000700080009",
          "00020003-0004-0005-0006-000700080009",
          "12345678-1234-5678-90ab-cddeefaabbcc",
          // Addresses of examples, and of adapters that are the same on every host.
          "aabbccddee00",
          "aabbccddeefe",
          "aabbccddeeff",
          "001122334455",
          "0a0027000000",
          "005345000000",
          "505054503030",
          "02004c4f4f50");

  /**
   * A key from what a source states; empty if it is junk: blank, a maker's placeholder, one
   * character repeated, an address that is no machine's own.
   */
  public static Optional<Key> of(Kind kind, String stated) {
    String value = stated.strip().toLowerCase(Locale.ROOT);
    if (kind == Kind.MAC) {
      value = value.replaceAll("[:.-]", "");
      if (!MAC.matcher(value).matches() || (Character.digit(value.charAt(1), 16) & 1) == 1) {
        return Optional.empty(); // no address, or one for many receivers
      }
    }
    if (value.length() > LONGEST
        || isPlaceholder(value)
        || isOneCharacter(value)
        || isUnprintable(value)) {
      return Optional.empty();
    }
    return Optional.of(new Key(kind, value));
  }

  /** Whether it is what a maker leaves in a field that nobody filled in. */
  static boolean isPlaceholder(String stated) {
    String value = stated.strip().toLowerCase(Locale.ROOT);
    return value.isEmpty() || JUNK.contains(value);
  }

  /** Code points, because half of a surrogate pair is a code point of its own. */
  private static boolean isUnprintable(String value) {
    return value
        .codePoints()
        .anyMatch(
            each -> Character.isISOControl(each) || Character.getType(each) == Character.SURROGATE);
  }

  private static boolean isOneCharacter(String value) {
    return value.replaceAll("[-_:. ]", "").chars().distinct().count() <= 1;
  }

  @Override
  public int compareTo(Key other) {
    int byKind = kind.compareTo(other.kind);
    return byKind != 0 ? byKind : value.compareTo(other.value);
  }

  /** {@code kind:value}, as commands take it. */
  @Override
  public String toString() {
    return kind.label() + ":" + value;
  }
}
