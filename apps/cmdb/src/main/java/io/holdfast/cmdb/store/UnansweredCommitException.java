package io.holdfast.cmdb.store;

import java.sql.SQLException;

/**
 * A commit was sent and not answered: what it wrote may be there or not. Merging the same reports
 * again tells, since those in the ledger are duplicates.
 */
public final class UnansweredCommitException extends SQLException {

  UnansweredCommitException(SQLException cause) {
    super(cause.getMessage(), cause.getSQLState(), cause);
  }
}
