package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How many statements a question costs: none is prepared or run that is not counted here. */
class LeaseTableCostTest {

  private final AtomicInteger statements = new AtomicInteger();

  /** One database of each kind, and how many statements an ask is there. */
  static Stream<Arguments> databases() {
    return Stream.of(
        Arguments.of(Dialect.POSTGRESQL, (Supplier<TestDatabase>) TestDatabase::postgreSql, 1, 1),
        Arguments.of(Dialect.MARIADB, (Supplier<TestDatabase>) TestDatabase::mariaDb, 1, 1),
        Arguments.of(Dialect.MYSQL, (Supplier<TestDatabase>) TestDatabase::mariaDb, 2, 2),
        Arguments.of(Dialect.H2, (Supplier<TestDatabase>) TestDatabase::h2, 1, 2));
  }

  private Connection counted(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              statements.addAndGet(
                  method.getName().matches("prepareStatement|createStatement|prepareCall") ? 1 : 0);
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("databases")
  void freeLockCostsAStatementAndItsReleaseAnother(
      Dialect dialect, Supplier<TestDatabase> start, int toAsk, int toBeRefused) throws Exception {
    try (TestDatabase database = start.get();
        Connection connection = counted(database.connection())) {
      JdbcUrl url = JdbcUrl.parse(database.url());
      LeaseTable table = new LeaseTable(url, dialect, TestDatabase.PATIENT);
      LeaseTable.create(connection, url, dialect);
      for (int i = 0; i < 3; i++) { // a new name, then one with a row
        Claim claim = Claim.on(newClaim().name(), "one of several");
        statements.set(0);
        assertThat(table.ask(connection, asking(claim))).isInstanceOf(Attempt.Granted.class);
        assertThat(statements).hasValue(toAsk);
        statements.set(0);
        assertThat(table.ask(connection, asking(Claim.on(claim.name(), "another"), true)))
            .isInstanceOf(Attempt.Refused.class);
        assertThat(statements).hasValue(toBeRefused);
        statements.set(0);
        table.renew(connection, claim, LONG);
        assertThat(statements).hasValue(1);
        assertThat(table.release(connection, claim, 0, Duration.ZERO)).isEqualTo(Release.RELEASED);
        assertThat(statements).hasValue(2);
      }
      // The proxy sees every statement: one of its own is counted, too.
      statements.set(0);
      try (PreparedStatement one = connection.prepareStatement("select 1")) {
        one.execute();
      }
      assertThat(statements).hasValue(1);
    }
  }
}
