package io.holdfast.cmdb.store;

import com.fasterxml.jackson.core.JsonGenerator;
import io.holdfast.cmdb.merge.Merge.Merged;
import io.holdfast.cmdb.merge.State;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Ledger.Entry;
import io.holdfast.guard.FencedTable;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The guarded write: machines by fence and version, with what each version changed and the reports
 * that it took in, in the caller's transaction. Thread-safe.
 */
final class Writer {

  private static final FencedTable MACHINES = FencedTable.of("machine");

  private final RuleBook ruleBook;
  private final Guard guard;

  Writer(RuleBook ruleBook, Guard guard) {
    this.ruleBook = ruleBook;
    this.guard = guard;
  }

  /** Whether the database is asked to refuse stale writes. */
  enum Guard {
    FENCE_AND_VERSION,
    /** The same, and machines that are to be merged are locked when they are read. For "bench". */
    ROW_LOCK,
    /** For "demo" to show what is lost then. */
    NONE
  }

  /** The machines of these ids that are there, to be merged. */
  Map<String, Machine> readToMerge(Connection connection, Collection<String> ids)
      throws SQLException {
    return read(connection, guard == Guard.ROW_LOCK ? "machines-for-update" : "machines", ids);
  }

  /** The machines of these ids that are there. */
  static Map<String, Machine> read(Connection connection, Collection<String> ids)
      throws SQLException {
    return read(connection, "machines", ids);
  }

  private static Map<String, Machine> read(
      Connection connection, String statement, Collection<String> ids) throws SQLException {
    Map<String, Machine> machines = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of(statement))) {
      query.setArray(1, Sql.texts(connection, ids));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          Machine machine = machine(rows);
          machines.put(machine.id(), machine);
        }
      }
    }
    return machines;
  }

  /** The machine in this row: id, created, merged_into, rules, state, fence, version. */
  static Machine machine(ResultSet row) throws SQLException {
    return new Machine(
        row.getString(1),
        row.getLong(2),
        Optional.ofNullable(row.getString(3)),
        row.getString(4),
        State.read(row.getString(5)),
        row.getLong(6),
        row.getLong(7));
  }

  /** What is written of one machine. */
  private record Row(Change change, String record, String state, int conflicts, String diff) {}

  /**
   * Writes machines, sorted by id so that two writers wait in one order.
   *
   * @param rules the id of the rules in force
   * @return each machine's new version
   * @throws io.holdfast.guard.GuardException if one of them was written since it was read; roll
   *     back
   */
  Map<String, Long> write(Connection connection, String rules, List<Change> changes)
      throws SQLException {
    List<Row> rows = new ArrayList<>();
    for (Change change : changes) {
      rows.add(row(connection, rules, change));
    }
    rows.sort(Comparator.comparing(row -> row.change().before().id()));
    Map<String, Long> versions = new HashMap<>();
    if (guard == Guard.NONE) {
      updateUnguarded(connection, rules, rows, versions);
    } else {
      update(connection, rules, rows, versions);
    }
    insert(connection, rules, rows, versions);
    addHistoryAndReports(connection, rows, versions);
    return versions;
  }

  private Row row(Connection connection, String rules, Change change) throws SQLException {
    SortedMap<String, Value> before = new TreeMap<>();
    if (change.before().version() > 0 && change.before().mergedInto().isEmpty()) {
      before =
          ruleBook.of(connection, change.before().rules()).record(change.before().state()).values();
    }
    Merged after = ruleBook.of(connection, rules).record(change.after());
    return new Row(
        change,
        object(after.values()),
        change.after().write(),
        after.conflicts(),
        diff(before, after.values()));
  }

  private interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private static String json(Fields fields) {
    StringWriter text = new StringWriter(512);
    try (JsonGenerator json = Json.OWN.getFactory().createGenerator(text)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  static String object(SortedMap<String, Value> record) {
    return json(
        json -> {
          for (Map.Entry<String, Value> attribute : record.entrySet()) {
            json.writeFieldName(attribute.getKey());
            json.writeRawValue(attribute.getValue().json());
          }
        });
  }

  private static String diff(SortedMap<String, Value> before, SortedMap<String, Value> after) {
    return json(
        json -> {
          TreeSet<String> attributes = new TreeSet<>(before.keySet());
          attributes.addAll(after.keySet());
          for (String attribute : attributes) {
            if (!Objects.equals(before.get(attribute), after.get(attribute))) {
              json.writeArrayFieldStart(attribute);
              json.writeRawValue(orNull(before, attribute));
              json.writeRawValue(orNull(after, attribute));
              json.writeEndArray();
            }
          }
        });
  }

  private static String orNull(SortedMap<String, Value> record, String attribute) {
    return Optional.ofNullable(record.get(attribute)).map(Value::json).orElse("null");
  }

  private void update(
      Connection connection, String rules, List<Row> rows, Map<String, Long> versions)
      throws SQLException {
    List<Row> there = rows.stream().filter(Writer::isThere).toList();
    if (there.isEmpty()) {
      return;
    }
    try (PreparedStatement update = connection.prepareStatement(Sql.of("update-machine"))) {
      for (Row row : there) {
        bindUpdate(update, rules, row);
        update.setLong(8, row.change().token());
        update.setLong(9, row.change().before().version());
        update.addBatch();
      }
      int[] changed = update.executeBatch();
      for (int i = 0; i < changed.length; i++) {
        Change change = there.get(i).change();
        Machine before = change.before();
        MACHINES.check(connection, changed[i], before.id(), change.token(), before.version());
        versions.put(before.id(), before.version() + 1);
      }
    }
  }

  private static void updateUnguarded(
      Connection connection, String rules, List<Row> rows, Map<String, Long> versions)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(Sql.of("update-machine-unguarded"))) {
      for (Row row : rows) {
        if (isThere(row)) {
          bindUpdate(update, rules, row);
          try (ResultSet version = update.executeQuery()) {
            version.next();
            versions.put(row.change().before().id(), version.getLong(1));
          }
        }
      }
    }
  }

  private static boolean isThere(Row row) {
    return row.change().before().version() > 0;
  }

  private static void bindUpdate(PreparedStatement update, String rules, Row row)
      throws SQLException {
    bindMergedInto(update, 1, row);
    update.setString(2, rules);
    update.setString(3, row.record());
    update.setString(4, row.state());
    update.setInt(5, row.conflicts());
    update.setLong(6, row.change().token());
    update.setString(7, row.change().before().id());
  }

  private static void bindMergedInto(PreparedStatement statement, int place, Row row)
      throws SQLException {
    if (row.change().mergedInto().isPresent()) {
      statement.setString(place, row.change().mergedInto().get());
    } else {
      statement.setNull(place, Types.VARCHAR);
    }
  }

  private static void insert(
      Connection connection, String rules, List<Row> rows, Map<String, Long> versions)
      throws SQLException {
    List<Row> first = rows.stream().filter(row -> !isThere(row)).toList();
    if (first.isEmpty()) {
      return;
    }
    try (PreparedStatement insert = connection.prepareStatement(Sql.of("insert-machine"))) {
      for (Row row : first) {
        insert.setString(1, row.change().before().id());
        insert.setLong(2, row.change().token());
        bindMergedInto(insert, 3, row);
        insert.setString(4, rules);
        insert.setString(5, row.record());
        insert.setString(6, row.state());
        insert.setInt(7, row.conflicts());
        insert.setLong(8, row.change().token());
        insert.addBatch();
      }
      int[] added = insert.executeBatch();
      for (int i = 0; i < added.length; i++) {
        Change change = first.get(i).change();
        String id = change.before().id();
        MACHINES.check(connection, added[i], id, change.token(), 0);
        versions.put(id, 1L);
      }
    }
  }

  private static void addHistoryAndReports(
      Connection connection, List<Row> rows, Map<String, Long> versions) throws SQLException {
    List<Entry> entries = new ArrayList<>();
    rows.forEach(row -> entries.addAll(row.change().entries()));
    try (PreparedStatement insert =
        connection.prepareStatement(Sql.of("add-history-and-reports"))) {
      insert.setArray(1, Sql.texts(connection, rows, row -> row.change().before().id()));
      insert.setArray(2, numbers(connection, rows, row -> version(versions, row)));
      insert.setArray(3, numbers(connection, rows, row -> row.change().token()));
      insert.setArray(4, Sql.texts(connection, rows, row -> row.change().cause().label()));
      insert.setArray(
          5, Sql.texts(connection, rows, row -> String.join(" ", row.change().reports())));
      insert.setArray(6, Sql.texts(connection, rows, Row::diff));
      insert.setArray(7, Sql.texts(connection, entries, entry -> entry.report().id()));
      insert.setArray(8, Sql.texts(connection, entries, entry -> entry.report().source()));
      insert.setArray(
          9, numbers(connection, entries, entry -> micros(entry.report().observedAt())));
      insert.setArray(10, Sql.texts(connection, entries, Entry::machineId));
      insert.setArray(
          11, numbers(connection, entries, entry -> versions.getOrDefault(entry.machineId(), 0L)));
      insert.setArray(
          12, connection.createArrayOf("boolean", entries.stream().map(Entry::outdated).toArray()));
      insert.setArray(13, Sql.texts(connection, entries, entry -> entry.report().body()));
      insert.executeUpdate();
    }
  }

  private static long version(Map<String, Long> versions, Row row) {
    return versions.getOrDefault(row.change().before().id(), 0L);
  }

  private interface Counted<T> {
    long of(T element);
  }

  private static <T> java.sql.Array numbers(
      Connection connection, List<T> elements, Counted<T> number) throws SQLException {
    List<Long> numbers = new ArrayList<>(elements.size());
    elements.forEach(element -> numbers.add(number.of(element)));
    return Sql.numbers(connection, numbers);
  }

  private static long micros(Instant moment) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, moment);
  }
}
