package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.Merge.Merged;
import io.holdfast.cmdb.merge.State;
import io.holdfast.cmdb.merge.Statement;
import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Ledger.Entry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Looks whether all that was acknowledged is there, and nothing else: every witness's id in the
 * ledger, every record the sequential fold of its reports, every version once in the history,
 * tokens that never fall, keys that belong to the machine whose reports state them.
 *
 * <p>Reads one snapshot, and the ledger anew for the witnesses, so it may run while others ingest.
 * Memory for one machine's reports at a time, and for the weak keys that stand for reports. For one
 * thread, once.
 */
public final class Audit {

  /** The most findings that are told in words. */
  public static final int MOST_FINDINGS = 100;

  private static final int ROWS_AT_A_TIME = 500;
  private static final int IDS_AT_A_TIME = 5_000;

  private final Connection connection;
  private final RuleBook ruleBook = new RuleBook();
  private final List<String> findings = new ArrayList<>();
  private final Set<String> lost = new TreeSet<>();
  private long wrong;
  private long machines;
  private long reports;
  private long witnessed;
  private long byOlderRules;

  private Audit(Connection connection) {
    this.connection = connection;
  }

  /**
   * What was found.
   *
   * @param machines how many machines there are, redirects not counted
   * @param reports how many reports the ledger has
   * @param witnessed how many acknowledgements were looked up
   * @param lost ids of reports that were acknowledged and are not in the ledger, or are in the
   *     ledger and do not count in the record although nothing newer does
   * @param wrong how many things are not as they should be, lost reports among them
   * @param byOlderRules machines whose record was made by rules that are no longer in force:
   *     nothing wrong, the next ingest makes them anew
   * @param findings the first of what is wrong, in words
   * @param notDurable settings of the server for which what is committed may be lost with the power
   */
  public record Result(
      long machines,
      long reports,
      long witnessed,
      Set<String> lost,
      long wrong,
      long byOlderRules,
      List<String> findings,
      List<String> notDurable) {

    /** Whether all is as it should be. */
    public boolean isClean() {
      return wrong == 0;
    }
  }

  /**
   * Looks at everything.
   *
   * @param witnesses the ids that were acknowledged, as witnessed outside the database
   */
  public static Result of(Database database, Iterator<String> witnesses) throws SQLException {
    List<String> notDurable = database.notDurable();
    try (Connection connection = database.connection()) {
      try {
        Sql.beginSnapshot(connection);
        Audit audit = new Audit(connection);
        audit.lookAtMachines();
        audit.lookAtHistory();
        connection.rollback();
        // Not in the snapshot, which may be older than the last of them.
        audit.lookUp(witnesses);
        return new Result(
            audit.machines,
            audit.reports,
            audit.witnessed,
            audit.lost,
            audit.wrong,
            audit.byOlderRules,
            audit.findings,
            notDurable);
      } finally {
        connection.rollback();
      }
    }
  }

  private void found(String what) {
    wrong++;
    if (findings.size() < MOST_FINDINGS) {
      findings.add(what);
    }
  }

  // --- Witnesses ---

  private void lookUp(Iterator<String> witnesses) throws SQLException {
    Set<String> asked = new HashSet<>();
    while (witnesses.hasNext()) {
      witnessed++;
      asked.add(witnesses.next());
      if (asked.size() == IDS_AT_A_TIME || !witnesses.hasNext()) {
        lookUp(asked);
        asked.clear();
      }
    }
  }

  private void lookUp(Set<String> ids) throws SQLException {
    Set<String> missing = new TreeSet<>(ids);
    try (PreparedStatement query = connection.prepareStatement(Sql.of("in-ledger"))) {
      query.setArray(1, Sql.texts(connection, ids));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          missing.remove(rows.getString(1));
        }
      }
    }
    for (String id : missing) {
      lost.add(id);
      found("report " + id + " was acknowledged and is not in the ledger");
    }
  }

  // --- Machines ---

  /** The rows of a query that is sorted by machine, taken machine by machine. */
  private final class ByMachine implements AutoCloseable {
    private final PreparedStatement query;
    private final ResultSet rows;
    private final int column;
    private boolean there;

    ByMachine(String statement, int column) throws SQLException {
      this.query = connection.prepareStatement(Sql.of(statement));
      this.query.setFetchSize(ROWS_AT_A_TIME);
      this.column = column;
      this.rows = query.executeQuery();
      this.there = rows.next();
    }

    /** All rows of this machine; those before it belong to none. */
    void take(String machine, Row each) throws SQLException {
      while (there && rows.getString(column).compareTo(machine) <= 0) {
        if (rows.getString(column).equals(machine)) {
          try {
            each.take(rows);
          } catch (IllegalStateException e) {
            found("machine " + machine + ": " + e.getMessage());
          }
        } else {
          stray();
        }
        there = rows.next();
      }
    }

    void strays() throws SQLException {
      while (there) {
        stray();
        there = rows.next();
      }
    }

    private void stray() throws SQLException {
      found("something belongs to machine " + rows.getString(column) + ", which is not there");
    }

    @Override
    public void close() throws SQLException {
      rows.close();
      query.close();
    }
  }

  private interface Row {
    void take(ResultSet row) throws SQLException;
  }

  private void lookAtMachines() throws SQLException {
    String inForce = RuleBook.inForce(connection);
    Map<Key, String> homes = lookAtHomes();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("audit-machines"));
        ByMachine ledger = new ByMachine("audit-reports", 4);
        ByMachine strong = new ByMachine("audit-keys", 1);
        ByMachine weak = new ByMachine("audit-claims", 1)) {
      query.setFetchSize(ROWS_AT_A_TIME);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          Machine machine = machine(rows);
          List<Entry> entries = new ArrayList<>();
          SortedSet<Key> keys = new TreeSet<>();
          ledger.take(machine.id(), row -> entries.add(entry(row)));
          strong.take(machine.id(), row -> keys.add(Sql.key(row.getString(2), row.getString(3))));
          weak.take(machine.id(), row -> keys.add(Sql.key(row.getString(2), row.getString(3))));
          if (!machine.rules().equals(inForce)) {
            byOlderRules++;
          }
          lookAt(machine, rows.getString(8), rows.getInt(9), entries, keys, homes);
        }
      }
      ledger.strays();
      strong.strays();
      weak.strays();
    }
  }

  /** The machine in this row; one that knows nothing if what it knows cannot be read. */
  private Machine machine(ResultSet row) throws SQLException {
    try {
      return Writer.machine(row);
    } catch (IllegalStateException e) {
      found("the state of machine " + row.getString(1) + " cannot be read: " + e.getMessage());
      return new Machine(
          row.getString(1),
          row.getLong(2),
          Optional.ofNullable(row.getString(3)),
          row.getString(4),
          State.EMPTY,
          row.getLong(6),
          row.getLong(7));
    }
  }

  private Entry entry(ResultSet row) throws SQLException {
    try {
      return Ledger.entry(row);
    } catch (IllegalStateException e) {
      lost.add(row.getString(1)); // what it said is gone
      throw e;
    }
  }

  private Map<Key, String> lookAtHomes() throws SQLException {
    Map<Key, String> homes = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("audit-homes"));
        ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        Key key = Sql.key(rows.getString(1), rows.getString(2));
        String right = rows.getLong(4) == 1 ? rows.getString(5) : Keys.machineId(key);
        homes.put(key, rows.getString(3));
        if (!rows.getString(3).equals(right)) {
          found("reports by " + key + " are with " + rows.getString(3) + ", not with " + right);
        }
      }
    }
    return homes;
  }

  private void lookAt(
      Machine machine,
      String record,
      int conflicts,
      List<Entry> entries,
      SortedSet<Key> keys,
      Map<Key, String> homes)
      throws SQLException {
    reports += entries.size();
    if (machine.mergedInto().isPresent()) {
      if (!entries.isEmpty() || !keys.isEmpty()) {
        found("machine " + machine.id() + " is a redirect and yet has reports or keys");
      }
      return;
    }
    machines++;
    if (entries.isEmpty()) {
      found("machine " + machine.id() + " has no report");
    }
    State folded = State.EMPTY.with(entries.stream().map(Entry::report).toList());
    lookAtState(machine, folded);
    lookAtRecord(machine, record, conflicts);
    lookAtKeys(machine, entries, keys, homes);
  }

  private void lookAtState(Machine machine, State folded) {
    if (folded.equals(machine.state())) {
      return;
    }
    Set<String> gone = missing(folded, machine.state());
    lost.addAll(gone);
    for (String id : gone) {
      found("report " + id + " is in the ledger and lost from machine " + machine.id());
    }
    if (gone.isEmpty()) {
      found("machine " + machine.id() + " says what no report says");
    }
  }

  private void lookAtRecord(Machine machine, String record, int conflicts) throws SQLException {
    try {
      Merged right = ruleBook.of(connection, machine.rules()).record(machine.state());
      if (!values(record).equals(right.values())) {
        found("the record of machine " + machine.id() + " is not what its rules make of it");
      } else if (conflicts != right.conflicts()) {
        found("machine " + machine.id() + " counts its conflicts wrongly");
      }
    } catch (IllegalStateException | IllegalArgumentException e) {
      found("the record of machine " + machine.id() + " cannot be told: " + e.getMessage());
    }
  }

  /** The reports that state something of which the state knows nothing newer, and not that. */
  private static Set<String> missing(State folded, State stored) {
    Map<String, List<Statement>> there = stored.byAttribute();
    Set<String> missing = new TreeSet<>();
    folded
        .byAttribute()
        .forEach(
            (attribute, statements) -> {
              List<Statement> known = there.getOrDefault(attribute, List.of());
              for (Statement statement : statements) {
                if (known.stream().noneMatch(each -> covers(each, statement))) {
                  missing.add(statement.reportId());
                }
              }
            });
    return missing;
  }

  private static boolean covers(Statement known, Statement statement) {
    return known.equals(statement)
        || (known.source().equals(statement.source()) && known.isNewerThan(statement));
  }

  private static SortedMap<String, Value> values(String record) {
    SortedMap<String, Value> values = new TreeMap<>();
    try {
      for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> member :
          Json.parseTrusted(record).properties()) {
        values.put(member.getKey(), Value.of(member.getValue()));
      }
    } catch (BadReportException e) {
      throw new IllegalStateException("a stored record is none: " + e.getMessage(), e);
    }
    return values;
  }

  private void lookAtKeys(
      Machine machine, Collection<Entry> entries, SortedSet<Key> keys, Map<Key, String> homes) {
    List<Report> strong =
        entries.stream()
            .map(Entry::report)
            .filter(report -> report.primaryWeakKey().isEmpty())
            .toList();
    int parts = Resolution.components(strong).size();
    if (parts > 1) {
      found("machine " + machine.id() + " is " + parts + " machines that share no strong key");
    }
    SortedSet<Key> stated = new TreeSet<>();
    for (Entry entry : entries) {
      Report report = entry.report();
      Optional<Key> primary = report.primaryWeakKey();
      if (primary.isEmpty()) {
        stated.addAll(report.keys());
      } else if (!machine.id().equals(homes.get(primary.get()))) {
        found("report " + report.id() + " is not with the machine of " + primary.get());
      }
    }
    if (!stated.equals(keys)) {
      SortedSet<Key> differing = new TreeSet<>(stated);
      differing.removeAll(keys);
      if (differing.isEmpty()) {
        differing.addAll(keys);
        differing.removeAll(stated);
      }
      found("machine " + machine.id() + " and its reports differ in " + differing.first());
    }
  }

  // --- History ---

  private void lookAtHistory() throws SQLException {
    each("audit-history", row -> found("machine " + row.getString(1) + ": " + row.getString(2)));
    each(
        "audit-versions",
        row ->
            found(
                "report " + row.getString(2) + " is in no version of machine " + row.getString(1)));
    each(
        "audit-taken-in",
        row -> {
          lost.add(row.getString(2));
          found(
              "report "
                  + row.getString(2)
                  + ", which machine "
                  + row.getString(1)
                  + " took in, is not in the ledger");
        });
    each(
        "audit-redirects",
        row -> found("machine " + row.getString(1) + " was merged into one that is not there"));
  }

  private void each(String statement, Row row) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of(statement))) {
      query.setFetchSize(ROWS_AT_A_TIME);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          row.take(rows);
        }
      }
    }
  }
}
