package io.holdfast.simulation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One Redis server as the backend sees it: what {@code acquire.lua}, {@code renew.lua}, {@code
 * release.lua} and {@code inspect.lua} do to string keys that expire. Each method follows its
 * script line by line, reads the clock once, and gives the script's reply, of strings and longs.
 *
 * <p>Time is the server's wall clock, because Redis expires by it: a clock that is set forward ends
 * leases, and one that is set back lengthens them. A key stays to the end of the millisecond at
 * which it expires, and is gone for good once it was looked at after that.
 *
 * <p>Numbers are doubles where the scripts have them, and replies cut them to whole ones.
 *
 * <p>Not modelled: keys of another type than string, a server without memory, a refused {@code
 * PUBLISH} (so no reply is {@code unannounced}), a lease of zero or less, a foreign counter that
 * only C reads as a number ({@code 0x1f}, {@code inf}, {@code nan}), and the cycle that removes
 * expired keys at which nobody looks.
 *
 * <p>For one thread.
 */
final class RedisModel {

  private static final double TWO_TO_53 = 0x1p53;

  /** Lua's {@code ^(%d+)|([^|]*)|(.*)$}; the other scripts' shorter patterns match the same. */
  private static final Pattern LOCK = Pattern.compile("([0-9]+)\\|([^|]*)\\|(.*)", Pattern.DOTALL);

  private static final Pattern SHOWN_LOCK =
      Pattern.compile("([0-9]+)\\|([0-9A-Za-z]+)\\|([ -~]*)", Pattern.DOTALL);

  private static final Pattern DIGITS = Pattern.compile("[0-9]+");

  private static final Pattern NUMBER =
      Pattern.compile(
          "[ \\t-\\r]*([+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)[ \\t-\\r]*");

  /** The value of a key, and the last millisecond in which it is there, if there is one. */
  private record Entry(String value, @Nullable Long expiresAt) {}

  private final LongSupplier micros;
  private final Map<String, Entry> entries = new HashMap<>();

  /** An empty server whose clock shows microseconds since 1970. */
  RedisModel(LongSupplier micros) {
    this.micros = micros;
  }

  /** {@code acquire.lua}. */
  List<Object> acquire(
      String lockKey,
      String counterKey,
      String claim,
      String label,
      long leaseMillis,
      int span,
      long tokenAbove) {
    checkLease(leaseMillis);
    double hour = 3_600_000;
    double days400 = 400.0 * 86_400 * 1_000_000;
    double above = tokenAbove;
    long micros = this.micros.getAsLong();
    double now = micros;
    long millis = millis(micros);

    Optional<String> held = get(lockKey, millis);
    if (held.isPresent()) {
      Matcher parts = LOCK.matcher(held.get());
      if (!parts.matches() || !parts.group(2).equals(claim)) {
        long left = pttl(lockKey, millis);
        if (left < 0) {
          return List.of("forever");
        }
        return List.of("refused", Math.max(left, 1));
      }
      pexpire(lockKey, leaseMillis, millis);
      String first = parts.group(1);
      double firstNumber = Double.parseDouble(first);
      double last = toNumber(get(counterKey, millis).orElse(first)).orElse(firstNumber);
      double spanLeft = Math.max(1, min(span, last - firstNumber + 1));
      return List.of("granted", first, (long) spanLeft, leaseMillis);
    }

    String previous = get(counterKey, millis).orElse("0");
    if (!DIGITS.matcher(previous).matches()) {
      return List.of("counter");
    }
    double previousNumber = Double.parseDouble(previous);
    double first = Math.max(Math.max(previousNumber + 1, above + 1), now);
    double last = first + (span - 1);
    if (last >= TWO_TO_53 && above < previousNumber) {
      return List.of("counter");
    }
    if (last >= TWO_TO_53 || above > now + days400) {
      return List.of("ahead");
    }

    double keep = hour + Math.max((double) leaseMillis, Math.ceil((last - now) / 1000));
    put(counterKey, Long.toString((long) last), millis + (long) keep);
    String token = Long.toString((long) first);
    put(lockKey, token + "|" + claim + "|" + label, millis + leaseMillis);
    return List.of("granted", token, (long) span, leaseMillis);
  }

  /** {@code renew.lua}. */
  List<Object> renew(String lockKey, String claim, long leaseMillis) {
    checkLease(leaseMillis);
    long millis = millis(micros.getAsLong());
    Optional<String> held = get(lockKey, millis);
    if (held.isEmpty() || !claim(held.get()).equals(Optional.of(claim))) {
      return List.of("gone");
    }
    pexpire(lockKey, leaseMillis, millis);
    return List.of("renewed");
  }

  /**
   * {@code release.lua}.
   *
   * @param publish the hint to those who watch; run last, and only when the lock is free
   */
  List<Object> release(
      String lockKey,
      String counterKey,
      String claim,
      long lastTokenUsed,
      long keepForMillis,
      Runnable publish) {
    long millis = millis(micros.getAsLong());
    Optional<String> held = get(lockKey, millis);
    if (held.isEmpty()) {
      return List.of("gone");
    }
    Matcher parts = LOCK.matcher(held.get());
    if (!parts.matches() || !parts.group(2).equals(claim)) {
      return List.of("gone");
    }
    String first = parts.group(1);
    String label = parts.group(3);

    double used = lastTokenUsed;
    if (used >= Double.parseDouble(first)) {
      double last = toNumber(get(counterKey, millis).orElse("")).orElse(0);
      if (used < last) {
        setKeepTtl(counterKey, Long.toString(lastTokenUsed));
      }
    }

    if (keepForMillis > 0) {
      put(lockKey, first + "|kept|" + label, millis + keepForMillis);
      return List.of("released");
    }
    entries.remove(lockKey);
    publish.run();
    return List.of("released");
  }

  /** {@code inspect.lua}. */
  List<Object> inspect(String lockKey) {
    long millis = millis(micros.getAsLong());
    Optional<String> held = get(lockKey, millis);
    if (held.isEmpty()) {
      return List.of("free");
    }
    long left = pttl(lockKey, millis);
    Matcher parts = SHOWN_LOCK.matcher(held.get());
    if (parts.matches()
        && parts.group(1).length() <= 16
        && (parts.group(2).equals("kept") || parts.group(2).length() == 32)) {
      return List.of("held", parts.group(1), parts.group(3), left);
    }
    return List.of("foreign", left);
  }

  /** {@code GET}. */
  Optional<String> get(String key) {
    return get(key, millis(micros.getAsLong()));
  }

  /** {@code PTTL}: -2 without the key, -1 without an expiry, otherwise milliseconds. */
  long pttl(String key) {
    return pttl(key, millis(micros.getAsLong()));
  }

  /** {@code SET}; without an expiry if {@code expiryMillis} is negative. */
  void set(String key, String value, long expiryMillis) {
    long millis = millis(micros.getAsLong());
    entries.put(key, new Entry(value, expiryMillis < 0 ? null : millis + expiryMillis));
  }

  /** {@code DEL}: true if there was such a key. */
  boolean delete(String key) {
    boolean present = get(key).isPresent();
    entries.remove(key);
    return present;
  }

  /** {@code FLUSHALL}. */
  void flush() {
    entries.clear();
  }

  /** Another server with the same keys and a clock of its own; expiries are times, not spans. */
  RedisModel copy(LongSupplier clock) {
    RedisModel copy = new RedisModel(clock);
    copy.entries.putAll(entries);
    return copy;
  }

  /** Makes one key what it is at the master: its value and expiry, or nothing. */
  void copyKeyFrom(RedisModel master, String key) {
    Entry entry = master.entries.get(key);
    if (entry == null) {
      entries.remove(key);
    } else {
      entries.put(key, entry);
    }
  }

  /** The keys that are there now. */
  Set<String> keys() {
    long millis = millis(micros.getAsLong());
    return entries.entrySet().stream()
        .filter(key -> !isOver(key.getValue(), millis))
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static void checkLease(long leaseMillis) {
    if (leaseMillis <= 0) {
      throw new IllegalArgumentException("a lease of " + leaseMillis + " ms is not modelled");
    }
  }

  private static long millis(long micros) {
    return Math.floorDiv(micros, 1000);
  }

  private static Optional<String> claim(String held) {
    Matcher parts = LOCK.matcher(held);
    return parts.matches() ? Optional.of(parts.group(2)) : Optional.empty();
  }

  /** Redis: {@code now > when}, both in milliseconds. */
  private static boolean isOver(Entry entry, long millis) {
    return entry.expiresAt() != null && millis > entry.expiresAt();
  }

  private Optional<String> get(String key, long millis) {
    return find(key, millis).map(Entry::value);
  }

  private Optional<Entry> find(String key, long millis) {
    Entry entry = entries.get(key);
    if (entry != null && isOver(entry, millis)) {
      entries.remove(key);
      entry = null;
    }
    return Optional.ofNullable(entry);
  }

  private long pttl(String key, long millis) {
    Optional<Entry> entry = find(key, millis);
    if (entry.isEmpty()) {
      return -2;
    }
    Long expiresAt = entry.get().expiresAt();
    return expiresAt == null ? -1 : expiresAt - millis;
  }

  private void put(String key, String value, long expiresAt) {
    entries.put(key, new Entry(value, expiresAt));
  }

  private void pexpire(String key, long leaseMillis, long millis) {
    entries.computeIfPresent(key, (same, entry) -> new Entry(entry.value(), millis + leaseMillis));
  }

  private void setKeepTtl(String key, String value) {
    entries.computeIfPresent(key, (same, entry) -> new Entry(value, entry.expiresAt()));
  }

  /** Lua's {@code tonumber}, of what is decimal; empty for its {@code nil}. */
  private static OptionalDouble toNumber(String text) {
    Matcher number = NUMBER.matcher(text);
    return number.matches()
        ? OptionalDouble.of(Double.parseDouble(number.group(1)))
        : OptionalDouble.empty();
  }

  /** Lua's {@code math.min}, in which a comparison with no number is false. */
  private static double min(double first, double second) {
    return second < first ? second : first;
  }
}
