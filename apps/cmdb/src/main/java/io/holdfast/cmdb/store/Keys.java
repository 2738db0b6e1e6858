package io.holdfast.cmdb.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.cmdb.report.Key;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which machine has which key: the tables identity_key, weak_claim and weak_home. */
final class Keys {

  private static final int ID_BYTES = 10;

  /**
   * Weak keys share this many advisory locks, because a report may state hundreds of them and the
   * server's table of locks has room for some thousands in all.
   */
  private static final int LOCKS = 512;

  /** So that they are nobody else's: "hold" and "fast" in ASCII, and room below. */
  static final long FIRST_LOCK = 0x686f6c6466617374L & -LOCKS;

  private Keys() {}

  /** The id of the machine that this key creates. */
  static String machineId(Key key) {
    return HexFormat.of().formatHex(digest(key), 0, ID_BYTES);
  }

  private static byte[] digest(Key key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.toString().getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Who has these strong keys; none for a key that nobody has. */
  static Map<Key, String> owners(Connection connection, Collection<Key> strong)
      throws SQLException {
    Map<Key, String> owners = new HashMap<>();
    if (!strong.isEmpty()) {
      each(connection, "owners", strong, owners::put);
    }
    return owners;
  }

  /** The machines with strong keys that claim these weak keys. */
  static Map<Key, SortedSet<String>> claims(Connection connection, Collection<Key> weak)
      throws SQLException {
    Map<Key, SortedSet<String>> claims = new HashMap<>();
    if (!weak.isEmpty()) {
      each(
          connection,
          "claims",
          weak,
          (key, machine) -> claims.computeIfAbsent(key, k -> new TreeSet<>()).add(machine));
    }
    return claims;
  }

  /** Where the reports live that these weak keys stand for. */
  static Map<Key, String> homes(Connection connection, Collection<Key> weak) throws SQLException {
    Map<Key, String> homes = new HashMap<>();
    if (!weak.isEmpty()) {
      each(connection, "homes", weak, homes::put);
    }
    return homes;
  }

  private interface KeyOfMachine {
    void take(Key key, String machine);
  }

  private static void each(
      Connection connection, String statement, Collection<Key> keys, KeyOfMachine receiver)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of(statement))) {
      query.setArray(1, Sql.kinds(connection, keys));
      query.setArray(2, Sql.values(connection, keys));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          receiver.take(Sql.key(rows.getString(1), rows.getString(2)), rows.getString(3));
        }
      }
    }
  }

  /** A weak key and the machine that states it. */
  record Claim(Key key, String machineId) implements Comparable<Claim> {
    @Override
    public int compareTo(Claim other) {
      int byKey = key.compareTo(other.key);
      return byKey != 0 ? byKey : machineId.compareTo(other.machineId);
    }
  }

  /** Those of the claims that are not in the table. */
  static SortedSet<Claim> unknown(Connection connection, SortedSet<Claim> claims)
      throws SQLException {
    List<Claim> asked = new ArrayList<>(claims);
    SortedSet<Claim> unknown = new TreeSet<>(claims);
    if (!asked.isEmpty()) {
      try (PreparedStatement query = connection.prepareStatement(Sql.of("claims-of"))) {
        bind(connection, query, asked);
        try (ResultSet rows = query.executeQuery()) {
          while (rows.next()) {
            unknown.remove(asked.get(rows.getInt(1) - 1));
          }
        }
      }
    }
    return unknown;
  }

  static void addClaims(Connection connection, SortedSet<Claim> claims) throws SQLException {
    if (!claims.isEmpty()) {
      try (PreparedStatement insert = connection.prepareStatement(Sql.of("add-claims"))) {
        bind(connection, insert, claims);
        insert.executeUpdate();
      }
    }
  }

  private static void bind(
      Connection connection, PreparedStatement statement, Collection<Claim> claims)
      throws SQLException {
    statement.setArray(1, Sql.texts(connection, claims, claim -> claim.key().kind().label()));
    statement.setArray(2, Sql.texts(connection, claims, claim -> claim.key().value()));
    statement.setArray(3, Sql.texts(connection, claims, Claim::machineId));
  }

  /**
   * Gives strong keys to machines. The table's primary key decides: of several that want to give
   * one key away at once, one succeeds, and the others learn here whose it is.
   *
   * @throws Again if a key belongs to another machine than given
   */
  static void give(Connection connection, SortedMap<Key, String> machines)
      throws SQLException, Again {
    if (machines.isEmpty()) {
      return;
    }
    int added;
    try (PreparedStatement insert = connection.prepareStatement(Sql.of("add-keys"))) {
      insert.setArray(1, Sql.kinds(connection, machines.keySet()));
      insert.setArray(2, Sql.values(connection, machines.keySet()));
      insert.setArray(3, Sql.texts(connection, machines.values()));
      added = insert.executeUpdate();
    }
    if (added < machines.size()) {
      SortedSet<String> about = new TreeSet<>();
      owners(connection, machines.keySet())
          .forEach(
              (key, owner) -> {
                String wanted = machines.get(key);
                if (wanted != null && !owner.equals(wanted)) {
                  about.add(wanted);
                }
              });
      if (!about.isEmpty()) {
        throw new Again("a key belongs to another machine by now", about);
      }
    }
  }

  /** The weak keys that any of these machines claims. */
  static SortedSet<Key> weakKeysOf(Connection connection, Collection<String> machines)
      throws SQLException {
    SortedSet<Key> keys = new TreeSet<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("weak-keys-of"))) {
      query.setArray(1, Sql.texts(connection, machines));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          keys.add(Sql.key(rows.getString(1), rows.getString(2)));
        }
      }
    }
    return keys;
  }

  static void setHome(Connection connection, Key weak, String machine) throws SQLException {
    try (PreparedStatement upsert = connection.prepareStatement(Sql.of("set-home"))) {
      upsert.setString(1, weak.kind().label());
      upsert.setString(2, weak.value());
      upsert.setString(3, machine);
      upsert.executeUpdate();
    }
  }

  /** From now to the end of the transaction nobody moves reports by these keys. */
  static void lockShared(Connection connection, Collection<Key> weak) throws SQLException {
    lock(connection, "lock-weak-shared", weak);
  }

  /** From now to the end of the transaction nobody claims these keys or moves reports by them. */
  static void lock(Connection connection, Collection<Key> weak) throws SQLException {
    lock(connection, "lock-weak", weak);
  }

  private static void lock(Connection connection, String statement, Collection<Key> weak)
      throws SQLException {
    if (weak.isEmpty()) {
      return;
    }
    SortedSet<Long> numbers = new TreeSet<>();
    for (Key key : weak) {
      byte[] digest = digest(key);
      numbers.add(FIRST_LOCK + (((digest[0] << 8) | (digest[1] & 0xff)) & (LOCKS - 1)));
    }
    try (PreparedStatement lock = connection.prepareStatement(Sql.of(statement))) {
      lock.setArray(1, Sql.numbers(connection, new ArrayList<>(numbers)));
      lock.executeQuery().close();
    }
  }

  /** The strong keys and claims of these machines become those of another. */
  static void move(Connection connection, Collection<String> from, String to) throws SQLException {
    try (PreparedStatement keys = connection.prepareStatement(Sql.of("move-keys"));
        PreparedStatement copy = connection.prepareStatement(Sql.of("copy-claims"));
        PreparedStatement drop = connection.prepareStatement(Sql.of("drop-claims"))) {
      keys.setString(1, to);
      keys.setArray(2, Sql.texts(connection, from));
      keys.executeUpdate();
      copy.setString(1, to);
      copy.setArray(2, Sql.texts(connection, from));
      copy.executeUpdate();
      drop.setArray(1, Sql.texts(connection, from));
      drop.executeUpdate();
    }
  }

  /** Each key with the machine that is to have it. */
  static SortedMap<Key, String> all(Collection<Key> keys, String machine) {
    SortedMap<Key, String> all = new TreeMap<>();
    keys.forEach(key -> all.put(key, machine));
    return all;
  }
}
