package io.holdfast.guard;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;

/** The ways to write a record that the tests compare, on the table {@code record}. */
final class Protocols {

  private static final FencedTable FENCED = FencedTable.of("record");
  private static final ClaimedTable CLAIMED = ClaimedTable.of("record");

  private Protocols() {}

  /** Fence and version. */
  static Interleavings.Protocol fenced(long token) {
    return new Plain() {
      @Override
      public void write(Connection connection, String id, Session.Seen seen, String content)
          throws SQLException {
        FENCED.update(connection, id, token, seen.version(), Map.of("content", content));
      }
    };
  }

  /** The fence alone, at the write. */
  static Interleavings.Protocol textbook(long token) {
    return new Plain() {
      @Override
      public void write(Connection connection, String id, Session.Seen seen, String content)
          throws SQLException {
        int rows = LostUpdateTest.textbookWrite(connection, id, token, content);
        FENCED.check(connection, rows, id, token, seen.version());
      }
    };
  }

  /** Claim on read. */
  static Interleavings.Protocol claimed(long token) {
    Holder holder = Holder.of(token);
    return new Interleavings.Protocol() {
      @Override
      public Session.Seen read(Connection connection, String id) throws SQLException {
        return claim(connection, id, holder);
      }

      @Override
      public void write(Connection connection, String id, Session.Seen seen, String content)
          throws SQLException {
        CLAIMED.update(connection, id, holder, Map.of("content", content));
      }
    };
  }

  /** In the transaction of its own that a claim is. */
  static Session.Seen claim(Connection connection, String id, Holder holder) throws SQLException {
    connection.setAutoCommit(true);
    try {
      return CLAIMED
          .claim(
              connection,
              id,
              holder,
              row -> new Session.Seen(row.getString("content"), row.getLong("version")))
          .orElseThrow();
    } finally {
      connection.setAutoCommit(false);
    }
  }

  /** The trigger alone, under a statement that knows of no guard. */
  static Interleavings.Protocol triggered(GuardTrigger trigger, long token) {
    return new Plain() {
      @Override
      public void write(Connection connection, String id, Session.Seen seen, String content)
          throws SQLException {
        trigger.allowNext(connection, id, token, seen.version());
        try (PreparedStatement update =
            connection.prepareStatement("UPDATE record SET content = ? WHERE id = ?")) {
          update.setString(1, content);
          update.setString(2, id);
          update.executeUpdate();
        }
      }
    };
  }

  private abstract static class Plain implements Interleavings.Protocol {
    @Override
    public Session.Seen read(Connection connection, String id) throws SQLException {
      return Session.read(connection, id);
    }
  }
}
