package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.LongFunction;

/**
 * All orders in which an old holder A (token 1) and a new holder B (token 2) can read, write and
 * commit, and what became of their updates.
 */
final class Interleavings {

  static final List<String> ORDERS = orders("", 3, 3);

  /** What one holder does; a refusal is thrown, and nothing is written then. */
  interface Protocol {
    Session.Seen read(Connection connection, String id) throws SQLException;

    /** Writes content that was merged into what was seen. */
    void write(Connection connection, String id, Session.Seen seen, String content)
        throws SQLException;
  }

  /** Orders by what came of them. */
  static final class Tally {
    final List<String> lossy = new ArrayList<>();
    final List<String> withoutAnyWrite = new ArrayList<>();
    int acknowledged;
    int refused;

    /** No acknowledged update is lost, somebody gets through, and somebody was refused. */
    void assertGuarded() {
      assertThat(lossy).as("orders in which an acknowledged update is lost").isEmpty();
      assertThat(withoutAnyWrite).as("orders in which nobody gets through").isEmpty();
      assertThat(acknowledged).isGreaterThan(ORDERS.size());
      assertThat(refused).isGreaterThan(0);
      assertThat(acknowledged + refused).isEqualTo(2 * ORDERS.size());
    }
  }

  private Interleavings() {}

  /** Both holders by one protocol, of which each gets its own for its token. */
  static Tally runAll(
      Database database,
      Isolation isolation,
      boolean readsInOwnTransaction,
      LongFunction<Protocol> protocol)
      throws SQLException {
    Tally tally = new Tally();
    try (Session a = new Session(database, isolation);
        Session b = new Session(database, isolation)) {
      for (String order : ORDERS) {
        String id = database.newRecord("");
        Writer writerA = new Writer(a, id, "A", readsInOwnTransaction, protocol.apply(1));
        Writer writerB = new Writer(b, id, "B", readsInOwnTransaction, protocol.apply(2));
        for (int i = 0; i < order.length(); i++) {
          (order.charAt(i) == 'A' ? writerA : writerB).beginNextStep();
          a.settle(); // what one step set free goes on before the next step
          b.settle();
        }
        String acknowledged = writerA.acknowledged() + writerB.acknowledged();
        String kept = database.content(id);
        tally.acknowledged += acknowledged.length();
        tally.refused += 2 - acknowledged.length();
        if (acknowledged.isEmpty()) {
          tally.withoutAnyWrite.add(order);
        }
        if (!kept.chars()
            .sorted()
            .boxed()
            .toList()
            .equals(acknowledged.chars().sorted().boxed().toList())) {
          tally.lossy.add(order);
        }
      }
    }
    return tally;
  }

  private static List<String> orders(String begun, int as, int bs) {
    if (as == 0 && bs == 0) {
      return List.of(begun);
    }
    List<String> orders = new ArrayList<>();
    if (as > 0) {
      orders.addAll(orders(begun + "A", as - 1, bs));
    }
    if (bs > 0) {
      orders.addAll(orders(begun + "B", as, bs - 1));
    }
    return orders;
  }

  /** Reads, then writes, then commits; rolls back if it was refused. */
  private static final class Writer {
    private final Session session;
    private final String id;
    private final String name;
    private final boolean readsInOwnTransaction;
    private final Protocol protocol;
    private final List<Future<Boolean>> steps = new ArrayList<>();
    private Session.Seen seen = new Session.Seen("", -1);
    private boolean isRefused;

    Writer(
        Session session, String id, String name, boolean readsInOwnTransaction, Protocol protocol) {
      this.session = session;
      this.id = id;
      this.name = name;
      this.readsInOwnTransaction = readsInOwnTransaction;
      this.protocol = protocol;
    }

    private interface Action {
      void run() throws SQLException;
    }

    void beginNextStep() {
      switch (steps.size()) {
        case 0 -> steps.add(session.begin(this::read));
        case 1 -> steps.add(session.begin(this::write));
        default -> steps.add(session.begin(this::commit));
      }
    }

    private boolean read(Connection connection) {
      return unlessRefused(
          () -> {
            seen = protocol.read(connection, id);
            if (readsInOwnTransaction) {
              connection.commit();
            }
          });
    }

    private boolean write(Connection connection) {
      return unlessRefused(() -> protocol.write(connection, id, seen, seen.content() + name));
    }

    private boolean commit(Connection connection) throws SQLException {
      boolean isCommitted = unlessRefused(connection::commit);
      if (!isCommitted) {
        connection.rollback();
      }
      return isCommitted;
    }

    private boolean unlessRefused(Action action) {
      if (isRefused) {
        return false;
      }
      try {
        action.run();
        return true;
      } catch (GuardException e) {
        isRefused = true;
      } catch (SQLException e) {
        if (!"LK001".equals(e.getSQLState())) { // the trigger's word for a stale token
          assertThat(SqlFailure.of(e)).as("%s", e).isEqualTo(SqlFailure.AGAIN);
        }
        isRefused = true;
      }
      return false;
    }

    /** The writer's name if its commit succeeded. */
    String acknowledged() throws SQLException {
      boolean committed = false;
      for (Future<Boolean> step : steps) {
        committed = Session.result(step);
      }
      return committed ? name : "";
    }
  }
}
