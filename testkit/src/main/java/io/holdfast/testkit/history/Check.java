package io.holdfast.testkit.history;

/** What a {@link HistoryChecker} looks at. The order is that of the report. */
public enum Check {
  /**
   * The intervals in which holders of one lock may rely on it are disjoint. One begins when its
   * acquire returned and ends with whatever comes first: the last end it was promised, the call of
   * release, the word that it is lost, or the end of its process.
   */
  EXCLUSION("C1"),
  /**
   * Tokens of one lock are unique, and grow from an acquire that returned to one that was called
   * later. A hold has one token for as long as it looks at it or announces it.
   */
  TOKENS("C2"),
  /**
   * The resource accepts claims with tokens that never fall, and writes of the newest claim only;
   * where nobody claims, writes with tokens that never fall. A holder writes with the token of its
   * own grant.
   */
  RESOURCE("C3"),
  /**
   * Every acknowledged id is in the resource exactly once and was written before it was
   * acknowledged. Accepted writes are one path of versions, and what the resource contains is what
   * they wrote, in their order.
   */
  NO_LOST_UPDATE("C4"),
  /** Enough happened for the other checks to mean something: see {@link Minima}. */
  VACUITY("C5"),
  /**
   * A wait ends in time, and a lock that someone waits for does not stay free for longer than a
   * forgotten grant, a pause and two questions last, unless something disturbs the run.
   */
  LIVENESS("C6"),
  /**
   * Callers are served in the order in which they asked, where that is expected: in one process, or
   * over the store.
   */
  FAIRNESS("C7"),
  /** Nothing is left behind. */
  LEAKS("C8"),
  /**
   * After a process gave a claim back it neither renews it nor asks for it. In the store, a renewal
   * creates nothing, and a release frees only what is its own.
   */
  SILENCE("C9"),
  /**
   * A holder whose lock ended before it gave it back is told so, once and in time, and never sees
   * it held again. Where that is expected, nobody is told of a loss that has no cause.
   */
  LOSS_TOLD("C10"),
  /**
   * In short windows, some order of what was done explains what was seen, as a lock with fencing
   * tokens would do it one after the other. An oracle for {@link #EXCLUSION} and {@link #TOKENS}
   * that shares no code with them, and sees more: what must have been true between two answers.
   */
  LINEARIZABILITY("C11");

  private final String code;

  Check(String code) {
    this.code = code;
  }

  /** The short name, C1 to C11. */
  public String code() {
    return code;
  }
}
