package io.holdfast.simulation;

import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.History;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * What becomes of messages: late, lost, doubled, overtaken, or cut off for a while in one direction
 * or both. A session is one connection, so what belongs to it may be lost, but is never doubled or
 * overtaken. Used by one thread.
 */
final class Network {

  /** Where a message goes. */
  enum Direction {
    TO_STORE,
    FROM_STORE
  }

  private record Cut(long until, boolean toStore, boolean fromStore) {
    boolean isFor(Direction direction) {
      return direction == Direction.TO_STORE ? toStore : fromStore;
    }
  }

  private static final Duration SHORTEST = Duration.ofNanos(20_000);

  private final Agenda agenda;
  private final Dice dice;
  private final Plan plan;
  private final Map<String, Cut> cuts = new HashMap<>();
  private final Map<String, Long> latest = new HashMap<>();
  private boolean healed;

  Network(Agenda agenda, Dice dice, Plan plan) {
    this.agenda = agenda;
    this.dice = dice;
    this.plan = plan;
  }

  /** From here on every message arrives once, and soon. */
  void heal() {
    healed = true;
    cuts.clear();
  }

  /** Loses all between a process and the store for a while, in one direction or in both. */
  void cut(String process, Duration span, History history) {
    int which = dice.nextInt(4);
    long until = agenda.now() + span.toNanos();
    cuts.put(process, new Cut(until, which != 1, which != 0));
    history.add(new Event.Disturbed(Event.Fault.NETWORK, agenda.now(), until));
  }

  /** Sends a message on its way; it arrives later, perhaps twice, or never. */
  void send(String process, Direction direction, Runnable arrival) {
    if (healed) {
      deliver(process, direction, latency(), arrival);
      return;
    }
    Cut cut = cuts.get(process);
    boolean isCut = cut != null && agenda.now() < cut.until() && cut.isFor(direction);
    if (isCut || dice.chance(plan.loss())) {
      return;
    }
    deliver(process, direction, latency(), arrival);
    if (!plan.hasSessions() && dice.chance(plan.doubled())) {
      agenda.after(latency().plus(late()), arrival);
    }
  }

  /** The same over a connection that doubles nothing, and keeps nothing in order. */
  void sendOnce(Runnable arrival) {
    if (healed || !dice.chance(plan.loss())) {
      agenda.after(latency(), arrival);
    }
  }

  private void deliver(String process, Direction direction, Duration latency, Runnable arrival) {
    if (!plan.hasSessions()) {
      agenda.after(latency, arrival);
      return;
    }
    String way = process + direction;
    long at = Math.max(latest.getOrDefault(way, 0L), agenda.now() + latency.toNanos());
    latest.put(way, at);
    agenda.at(at, arrival);
  }

  private Duration latency() {
    Duration usual = SHORTEST.plus(dice.about(plan.latency()));
    return !healed && dice.chance(plan.late()) ? usual.plus(late()) : usual;
  }

  private Duration late() {
    Duration drawn = dice.about(plan.tail());
    return drawn.compareTo(latest(plan)) < 0 ? drawn : latest(plan);
  }

  /** No message is later than this. */
  static Duration latest(Plan plan) {
    return plan.tail().multipliedBy(6);
  }
}
