package io.holdfast.mutants;

import io.holdfast.testkit.history.Check;
import io.holdfast.testkit.history.Load;
import io.holdfast.testkit.history.Verdict;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * By what a mutant gives itself away in the history of a world.
 *
 * @param text for people
 */
record Sign(String text, Predicate<Verdict> in) {

  /** A check that finds something. */
  static Sign of(Check check) {
    return new Sign(check.name(), verdict -> verdict.broken().contains(check));
  }

  /**
   * A figure of what happened that is greater than zero, in worlds that are made so that it never
   * is.
   */
  static Sign of(String figure, ToLongFunction<Load> in) {
    return new Sign(figure, verdict -> in.applyAsLong(verdict.load()) > 0);
  }

  @Override
  public String toString() {
    return text;
  }
}
