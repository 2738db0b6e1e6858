package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.store.Ack;
import java.io.IOException;
import java.util.List;

/** Who is told of reports whose transaction has committed: the witness outside the database. */
@FunctionalInterface
public interface Acknowledgements {

  /**
   * An acknowledgement.
   *
   * @param tag what was given with the report
   * @param ack what became of it
   */
  record Acknowledged(long tag, Ack ack) {}

  /**
   * One transaction has committed. Called by several threads at once.
   *
   * @throws IOException if the witness cannot be written: the ingest stops, because nobody could
   *     say afterwards what it has promised
   */
  void committed(List<Acknowledged> acknowledged) throws IOException;
}
