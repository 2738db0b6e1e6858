package io.holdfast.guard;

import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** In this JVM. */
final class H2Database extends Database {

  static final H2Database H2 = new H2Database();

  private H2Database() {
    super(source());
  }

  private static DataSource source() {
    JdbcDataSource source = new JdbcDataSource();
    source.setUrl("jdbc:h2:mem:guards;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=60000");
    return source;
  }

  @Override
  String numberOfSession() {
    return "SELECT session_id()";
  }

  @Override
  String isBlocked(String session) {
    return "SELECT blocker_id IS NOT NULL"
        + " OR executing_statement IS NOT NULL" // one that inserts has no blocker
        + " AND datediff(MILLISECOND, executing_statement_start, current_timestamp) > 200"
        + " FROM information_schema.sessions WHERE session_id = "
        + session;
  }
}
