package io.holdfast.guard;

import java.sql.Connection;

/** The isolation levels that PostgreSQL tells apart. */
enum Isolation {
  READ_COMMITTED(Connection.TRANSACTION_READ_COMMITTED),
  REPEATABLE_READ(Connection.TRANSACTION_REPEATABLE_READ),
  SERIALIZABLE(Connection.TRANSACTION_SERIALIZABLE);

  final int level;

  Isolation(int level) {
    this.level = level;
  }
}
