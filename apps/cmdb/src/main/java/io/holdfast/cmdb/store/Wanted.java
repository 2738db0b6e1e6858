package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Key;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A machine as a person names it: by its id or the beginning of it, by a key, or by a bare value
 * that is a key of some kind. Immutable.
 *
 * @param text as it was given
 * @param idPrefix hexadecimal digits that its id may begin with
 * @param keys that it may have; none if what was given is junk
 */
public record Wanted(String text, Optional<String> idPrefix, NavigableSet<Key> keys) {

  private static final Pattern ID = Pattern.compile("[0-9a-f]{6,20}");

  /** What a text may mean. */
  public static Wanted of(String text) {
    NavigableSet<Key> keys = new TreeSet<>();
    int colon = text.indexOf(':');
    for (Key.Kind kind : Key.Kind.values()) {
      if (colon > 0 && kind.label().equalsIgnoreCase(text.substring(0, colon))) {
        Key.of(kind, text.substring(colon + 1)).ifPresent(keys::add);
        return new Wanted(text, Optional.empty(), keys);
      }
      Key.of(kind, text).ifPresent(keys::add);
    }
    Optional<String> id =
        Optional.of(text.strip().toLowerCase(Locale.ROOT))
            .filter(value -> ID.matcher(value).matches());
    return new Wanted(text, id, keys);
  }

  /** Whether it can mean nothing: no machine is known by a key that every second one has. */
  public boolean isJunk() {
    return idPrefix.isEmpty() && keys.isEmpty();
  }
}
