package io.holdfast.cmdb.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What one source says about one machine at one moment. A value: the same source, moment, keys and
 * attributes make the same report with the same id, however often and in whatever order it arrives.
 *
 * <p>An attribute that is absent is unknown, not gone: a report may be partial. That an attribute
 * is gone is said by {@link Value#DELETED}.
 *
 * <p>Immutable.
 */
public final class Report {

  /** The most attributes of one report. */
  public static final int MOST_ATTRIBUTES = 4_000;

  /** The most keys of one report. */
  public static final int MOST_KEYS = 200;

  private static final Pattern SOURCE = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
  private static final Pattern ATTRIBUTE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@ -]{0,199}");
  private static final Instant FIRST = Instant.EPOCH;
  private static final Instant LAST = Instant.parse("2100-01-01T00:00:00Z");
  private static final int ID_BYTES = 16;

  private final String id;
  private final String source;
  private final Instant observedAt;
  private final SortedSet<Key> keys;
  private final Optional<Key> primaryWeakKey;
  private final SortedMap<String, Value> attributes;
  private final String body;

  private Report(
      String source,
      Instant observedAt,
      SortedSet<Key> keys,
      Optional<Key> primaryWeakKey,
      SortedMap<String, Value> attributes) {
    this.source = source;
    this.observedAt = observedAt;
    this.keys = Collections.unmodifiableSortedSet(keys);
    this.primaryWeakKey = primaryWeakKey;
    this.attributes = Collections.unmodifiableSortedMap(attributes);
    this.body = ReportJson.body(this);
    this.id = digest(List.of(source, observedAt.toString(), body));
  }

  /**
   * A report.
   *
   * @param source who says it: 1 to 64 of {@code a-z 0-9 . _ -}, beginning with a letter or digit
   * @param observedAt when it was seen, from 1970 up to 2100; cut to microseconds
   * @param keys at least one; the first weak one of the best kind stands for the report if it has
   *     no strong one, so a source names its main interface first
   * @param attributes by name: 1 to 200 of letters, digits, space and {@code . _ : / @ -}
   * @throws BadReportException if any of this does not hold
   */
  public static Report of(
      String source, Instant observedAt, Collection<Key> keys, Map<String, Value> attributes)
      throws BadReportException {
    if (!SOURCE.matcher(source).matches()) {
      throw new BadReportException(
          Fault.BAD_REPORT, "a source is named by 1 to 64 of a-z 0-9 . _ -");
    }
    if (observedAt.isBefore(FIRST) || !observedAt.isBefore(LAST)) {
      throw new BadReportException(Fault.BAD_REPORT, "observedAt is not between 1970 and 2100");
    }
    if (keys.isEmpty()) {
      throw new BadReportException(Fault.NO_KEY, "no key to tell the machine by (" + kinds() + ")");
    }
    SortedSet<Key> sorted = new TreeSet<>(keys);
    if (sorted.size() > MOST_KEYS) {
      throw new BadReportException(Fault.BAD_REPORT, "more than " + MOST_KEYS + " keys");
    }
    if (attributes.size() > MOST_ATTRIBUTES) {
      throw new BadReportException(
          Fault.BAD_REPORT, "more than " + MOST_ATTRIBUTES + " attributes");
    }
    for (String name : attributes.keySet()) {
      if (!ATTRIBUTE.matcher(name).matches()) {
        throw new BadReportException(
            Fault.BAD_REPORT,
            "an attribute is named by 1 to 200 letters, digits, spaces and . _ : / @ -");
      }
    }
    return new Report(
        source,
        observedAt.truncatedTo(ChronoUnit.MICROS),
        sorted,
        primaryWeakKey(keys),
        new TreeMap<>(attributes));
  }

  private static String kinds() {
    List<String> labels = new ArrayList<>();
    for (Key.Kind kind : Key.Kind.values()) {
      labels.add(kind.label());
    }
    return String.join(", ", labels);
  }

  /** The first as stated of the best weak kind; none if a strong key is there. */
  private static Optional<Key> primaryWeakKey(Collection<Key> asStated) {
    Optional<Key> best = Optional.empty();
    for (Key key : asStated) {
      if (key.kind().isStrong()) {
        return Optional.empty();
      }
      if (best.isEmpty() || key.kind().compareTo(best.get().kind()) < 0) {
        best = Optional.of(key);
      }
    }
    return best;
  }

  /** Digests texts so that no two lists of texts give one digest. */
  private static String digest(List<String> texts) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (String text : texts) {
        byte[] bytes = text.getBytes(UTF_8);
        sha.update((bytes.length + ":").getBytes(UTF_8));
        sha.update(bytes);
      }
      return HexFormat.of().formatHex(sha.digest(), 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** 32 hexadecimal digits: the digest of source, moment, keys and attributes. */
  public String id() {
    return id;
  }

  /** Who says it. */
  public String source() {
    return source;
  }

  /** When it was seen, to the microsecond. */
  public Instant observedAt() {
    return observedAt;
  }

  /** All keys, sorted. */
  public SortedSet<Key> keys() {
    return keys;
  }

  /** The strong keys, sorted. */
  public SortedSet<Key> strongKeys() {
    SortedSet<Key> strong = new TreeSet<>(keys);
    strong.removeIf(key -> !key.kind().isStrong());
    return strong;
  }

  /** The weak keys, sorted. */
  public SortedSet<Key> weakKeys() {
    SortedSet<Key> weak = new TreeSet<>(keys);
    weak.removeIf(key -> key.kind().isStrong());
    return weak;
  }

  /** What stands for a report without a strong key; empty if it has one. */
  public Optional<Key> primaryWeakKey() {
    return primaryWeakKey;
  }

  /** What is said, by attribute, sorted. */
  public SortedMap<String, Value> attributes() {
    return attributes;
  }

  /**
   * Keys and attributes as canonical JSON: together with source and moment all that the report is.
   * The primary weak key stands first among the keys of its kind.
   */
  public String body() {
    return body;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Report report && report.id.equals(id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return source + "@" + observedAt + "#" + id;
  }
}
