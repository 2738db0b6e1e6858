package io.holdfast.cmdb.merge;

import io.holdfast.cmdb.report.Value;
import java.util.List;
import java.util.Optional;

/**
 * What became of all statements about one attribute.
 *
 * @param value the record's value; empty if those who count say that there is none
 * @param rule the rule that decided
 * @param winners whose statement it is: one, or all that contribute to a union
 * @param losers all others, with the reason
 * @param isConflict whether two sources that both count at present disagree: worth a look, whatever
 *     the rule made of it; never for a union
 */
public record Decision(
    Optional<Value> value,
    Rule rule,
    List<Statement> winners,
    List<Loser> losers,
    boolean isConflict) {

  /** A statement that did not make it into the record. */
  public record Loser(Statement statement, Reason reason) {}

  /** Why a statement is not in the record. */
  public enum Reason {
    /** A source that comes first by the rule says something. */
    LOWER_PRECEDENCE("another source comes first"),
    /** Another source has seen the machine later. */
    OLDER("older than another source's"),
    /** Seen at the same moment; the source that comes first in the alphabet counts. */
    TIE("seen at the same moment as another source's"),
    /** Its source has not said it for longer than staleAfter. */
    STALE("not said again for longer than its source's staleAfter"),
    /** Another source states a greater number. */
    SMALLER("another source's number is greater"),
    /** The rule wants numbers. */
    NOT_A_NUMBER("the rule takes the greatest number, and this is none"),
    /** It says that there is none, where others state values that are added up. */
    DELETED("says that there is none, others state values"),
    /** A value is pinned. */
    PINNED("another source's value is pinned");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** For people. */
    public String text() {
      return text;
    }
  }
}
