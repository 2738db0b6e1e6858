package io.holdfast.guard;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The names that are put into statements, which cannot bind them: hence the small alphabet. */
final class Identifiers {

  private static final Pattern COLUMN = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}");
  private static final Pattern TABLE = Pattern.compile(COLUMN + "(\\." + COLUMN + ")?");

  private Identifiers() {}

  static String table(String name) {
    return valid(TABLE, "a table", name);
  }

  static String column(String name) {
    return valid(COLUMN, "a column", name);
  }

  static boolean areDistinct(List<String> columns) {
    Set<String> distinct = new TreeSet<>();
    columns.forEach(column -> distinct.add(column.toLowerCase(Locale.ROOT)));
    return distinct.size() == columns.size();
  }

  /** The columns to be set, in the order of their values; none of them is one of the guard's. */
  static List<String> columns(Map<String, ?> columns, List<String> guarded) {
    List<String> names = new ArrayList<>();
    for (String name : columns.keySet()) {
      names.add(column(name));
    }
    List<String> all = new ArrayList<>(names);
    all.addAll(guarded);
    if (!areDistinct(all)) {
      throw new IllegalArgumentException(
          "a column is given twice, or is one of the guard's " + guarded + ": " + names);
    }
    return names;
  }

  /** Binds the columns' values from the first parameter on; the number of the next one. */
  static int bind(
      PreparedStatement statement,
      List<String> names,
      Map<String, ? extends @Nullable Object> columns)
      throws SQLException {
    int next = 1;
    for (String name : names) {
      statement.setObject(next++, columns.get(name));
    }
    return next;
  }

  private static String valid(Pattern form, String what, String name) {
    if (!form.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what + " has letters, digits and _ (and begins with no digit), not: " + name);
    }
    return name;
  }
}
