package io.holdfast.simulation;

import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import io.holdfast.testkit.history.Event.Effect;

/** What a simulated store tells its world. */
interface StoreLog {

  /** A question changed something. */
  void changed(Claim claim, Effect effect, long token, boolean wasHolder);

  /** A lock may be free: whoever listens is told, if the message arrives. */
  void mayBeFree(LockName name);

  /** A claim may be the first of its line: only its process is told, if the message arrives. */
  void mayBeNext(String process, String claim);

  /** A living process has given up a session, and with it its locks, before the store ends it. */
  void givenUp(String process);

  /** Something happened that only some stores know. */
  void count(Peculiarity peculiarity);
}
