package io.holdfast.testkit.history;

import java.util.List;

/**
 * Something that happened and must not.
 *
 * @param what what is wrong, in a sentence
 * @param evidence the events that show it; may be empty where something is missing
 */
public record Violation(Check check, String what, List<Event> evidence) {
  /** Copies the list. */
  public Violation {
    evidence = List.copyOf(evidence);
  }

  /** The check, what is wrong, and the events that show it, a line each. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(check.code()).append(' ').append(check).append(": ").append(what);
    for (Event event : evidence) {
      text.append("\n    ").append(event);
    }
    return text.toString();
  }
}
