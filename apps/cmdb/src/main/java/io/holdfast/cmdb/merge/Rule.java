package io.holdfast.cmdb.merge;

import java.util.List;

/**
 * How the statements about an attribute become one value.
 *
 * @param strategy the way
 * @param sources best first; what is not named comes after, all alike
 */
public record Rule(Strategy strategy, List<String> sources) {

  /** The ways. */
  public enum Strategy {
    /** The first source of the list that is not stale; among equals the latest. */
    PRECEDENCE,
    /** The latest of all that are not stale. */
    LATEST,
    /** The elements that any source states that is not stale, each once, sorted. */
    UNION,
    /** The greatest number of all sources that are not stale. */
    MAX,
    /**
     * The first source of the list that states a value, however old: what a person has decided.
     * Without one, the latest of all.
     */
    PIN
  }

  /** Copies the list. */
  public Rule {
    sources = List.copyOf(sources);
  }

  /** The place of a source in the list; behind its end if it is not named. */
  int rank(String source) {
    int place = sources.indexOf(source);
    return place < 0 ? sources.size() : place;
  }
}
