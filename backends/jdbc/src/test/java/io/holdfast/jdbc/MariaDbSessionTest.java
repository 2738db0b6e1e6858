package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedMariaDb;

class MariaDbSessionTest extends SessionTest {

  private long ownQuestions;

  MariaDbSessionTest() {
    super(SessionServer.of(EmbeddedMariaDb.start()), 2);
  }

  /** The server's own count, less the questions for it. */
  @Override
  long statements() {
    ownQuestions++;
    String counted =
        server()
            .database()
            .rows(
                "select variable_value from information_schema.global_status"
                    + " where variable_name = 'QUESTIONS'")
            .get(0);
    return Long.parseLong(counted) - ownQuestions;
  }

  @Override
  SessionServer start() {
    return SessionServer.of(EmbeddedMariaDb.start());
  }
}
