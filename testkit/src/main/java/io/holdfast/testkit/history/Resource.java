package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acknowledged;
import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Write;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happened to one resource. Used by one thread; read after {@link #settle}. */
final class Resource {

  private final String name;
  private final List<Event> steps = new ArrayList<>();
  private final List<Write> accepted = new ArrayList<>();
  private final List<Acknowledged> acknowledged = new ArrayList<>();
  private @Nullable Content content;
  private boolean isClaimed;
  private boolean isWritten;

  Resource(String name) {
    this.name = name;
  }

  void add(Claim claim) {
    steps.add(claim);
    isClaimed = true;
  }

  void add(Write write) {
    steps.add(write);
    isWritten = true;
    if (write.accepted()) {
      accepted.add(write);
    }
  }

  void add(Acknowledged told) {
    acknowledged.add(told);
  }

  /** Of several contents the last counts. */
  void add(Content seen) {
    if (content == null || seen.at() >= content.at()) {
      content = seen;
    }
  }

  /** All was added. */
  void settle() {
    steps.sort(Comparator.comparingLong(Event::at));
    accepted.sort(Comparator.comparingLong(Write::at));
  }

  String name() {
    return name;
  }

  /** Claims and writes, in the order in which the resource decided on them. */
  List<Event> steps() {
    return steps;
  }

  /** The writes that it accepted, in order. */
  List<Write> accepted() {
    return accepted;
  }

  List<Acknowledged> acknowledged() {
    return acknowledged;
  }

  @Nullable Content content() {
    return content;
  }

  /** Whether anybody tried to claim it, which then everybody has to. */
  boolean isClaimed() {
    return isClaimed;
  }

  /** Whether the history tells of its writes at all. */
  boolean isWritten() {
    return isWritten;
  }
}
