package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acknowledged;
import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Disturbed;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.GaveUp;
import io.holdfast.testkit.history.Event.Leftover;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Paused;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import io.holdfast.testkit.history.Event.Write;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The events of a history, by what they are about. Events of a hold whose acquire nobody recorded,
 * as happens to who is killed, count for the resource only. Used by one thread.
 */
final class Run {

  private final Map<Long, Tenure> tenures = new HashMap<>();
  private final Map<String, List<Tenure>> locks = new LinkedHashMap<>();
  private final Map<String, Resource> resources = new LinkedHashMap<>();
  private final Map<String, Life> lives = new HashMap<>();
  private final List<Sent> sent = new ArrayList<>();
  private final List<Stored> stored = new ArrayList<>();
  private final Map<String, List<Stored>> storedByLock = new HashMap<>();
  private final Map<String, NavigableMap<Long, Stored>> grantsByToken = new HashMap<>();
  private final List<Paused> pauses = new ArrayList<>();
  private final List<Crashed> crashes = new ArrayList<>();
  private final List<Disturbed> disturbances = new ArrayList<>();
  private final List<Leftover> leftovers = new ArrayList<>();
  private long lastAt = Long.MIN_VALUE;

  Run(List<Event> events) {
    for (Event event : events) {
      lastAt = Math.max(lastAt, event.at());
      if (event instanceof Acquire acquire) {
        begin(acquire);
      }
    }
    for (Event event : events) {
      add(event);
    }
    settle();
  }

  private void begin(Acquire acquire) {
    Tenure tenure = new Tenure(acquire);
    Tenure twin = tenures.put(acquire.hold(), tenure);
    if (twin != null) {
      throw new IllegalArgumentException(
          "One hold, two acquires: %s and %s".formatted(twin.acquire(), acquire));
    }
    locks.computeIfAbsent(acquire.name(), name -> new ArrayList<>()).add(tenure);
  }

  private void add(Event event) {
    if (event instanceof Look look) {
      Tenure tenure = tenures.get(look.hold());
      if (tenure != null) {
        tenure.add(look);
      }
    } else if (event instanceof Lost lost) {
      Tenure tenure = tenures.get(lost.hold());
      if (tenure != null) {
        tenure.add(lost);
      }
    } else if (event instanceof Release release) {
      Tenure tenure = tenures.get(release.hold());
      if (tenure != null) {
        tenure.add(release);
      }
    } else if (event instanceof Claim claim) {
      resource(claim.resource()).add(claim);
    } else if (event instanceof Write write) {
      resource(write.resource()).add(write);
    } else if (event instanceof Acknowledged told) {
      resource(told.resource()).add(told);
    } else if (event instanceof Content content) {
      resource(content.resource()).add(content);
    } else if (event instanceof Sent message) {
      sent.add(message);
    } else if (event instanceof Stored effect) {
      stored.add(effect);
    } else if (event instanceof Paused pause) {
      pauses.add(pause);
      lives.computeIfAbsent(pause.process(), process -> new Life()).add(pause);
    } else if (event instanceof Crashed crash) {
      crashes.add(crash);
      lives.computeIfAbsent(crash.process(), process -> new Life()).add(crash);
    } else if (event instanceof GaveUp gaveUp) {
      lives.computeIfAbsent(gaveUp.process(), process -> new Life()).add(gaveUp);
    } else if (event instanceof Disturbed disturbed) {
      disturbances.add(disturbed);
    } else if (event instanceof Leftover leftover) {
      leftovers.add(leftover);
    }
  }

  private Resource resource(String name) {
    return resources.computeIfAbsent(name, Resource::new);
  }

  private void settle() {
    lives.values().forEach(Life::settle);
    tenures.values().forEach(tenure -> tenure.settle(life(tenure.acquire().process())));
    locks.values().forEach(lock -> lock.sort(Comparator.comparingLong(Tenure::start)));
    resources.values().forEach(Resource::settle);
    sent.sort(Comparator.comparingLong(Sent::at));
    stored.sort(Comparator.comparingLong(Stored::at));
    for (Stored effect : stored) {
      storedByLock.computeIfAbsent(effect.name(), name -> new ArrayList<>()).add(effect);
      if (effect.effect() == Effect.GRANTED) {
        grantsByToken
            .computeIfAbsent(effect.name(), name -> new TreeMap<>())
            .put(effect.token(), effect);
      }
    }
  }

  /** For each lock its tenures, in the order in which their acquires returned. */
  Collection<List<Tenure>> locks() {
    return locks.values();
  }

  /** The tenures of one lock. */
  List<Tenure> lock(String name) {
    return locks.getOrDefault(name, List.of());
  }

  /** The tenure that a holder's event belongs to; null if its acquire was not recorded. */
  @Nullable Tenure tenure(long hold) {
    return tenures.get(hold);
  }

  Collection<Resource> resources() {
    return resources.values();
  }

  Life life(String process) {
    return lives.getOrDefault(process, Life.UNDISTURBED);
  }

  /** In the order of their times. */
  List<Sent> sent() {
    return sent;
  }

  /** In the order of their times. */
  List<Stored> stored() {
    return stored;
  }

  /** What the store did with one lock, in the order of their times. */
  List<Stored> stored(String name) {
    return storedByLock.getOrDefault(name, List.of());
  }

  /**
   * The store's grant that a tenure came of, by its first token, as far as tokens grow: a process
   * may hand a lock over with a later one. Null if the store tells of none.
   */
  @Nullable Stored grantOf(Tenure tenure) {
    NavigableMap<Long, Stored> ofLock = grantsByToken.get(tenure.acquire().name());
    Map.@Nullable Entry<Long, Stored> grant =
        ofLock == null ? null : ofLock.floorEntry(tenure.token());
    return grant == null ? null : grant.getValue();
  }

  /** Whether the claim of a grant gave its lock back in an interval, by the store's own log. */
  boolean isFreedBetween(Stored grant, long from, long to) {
    for (Stored each : stored(grant.name())) {
      if (each.effect() == Effect.RELEASED
          && each.claim() == grant.claim()
          && each.at() >= from
          && each.at() <= to) {
        return true;
      }
    }
    return false;
  }

  /** Whether the store may have forgotten in an interval what it had granted, or its time. */
  boolean mayForgetBetween(long from, long to) {
    return isDisturbedBetween(from, to, EnumSet.of(Fault.FAILOVER, Fault.LOSS, Fault.CLOCK));
  }

  /** Whether one of these faults happened in an interval. */
  boolean isDisturbedBetween(long from, long to, Set<Fault> faults) {
    for (Disturbed each : disturbances) {
      if (faults.contains(each.fault()) && each.from() <= to && each.to() >= from) {
        return true;
      }
    }
    return false;
  }

  List<Paused> pauses() {
    return pauses;
  }

  List<Crashed> crashes() {
    return crashes;
  }

  List<Disturbed> disturbances() {
    return disturbances;
  }

  List<Leftover> leftovers() {
    return leftovers;
  }

  /** When the last event happened. */
  long lastAt() {
    return lastAt;
  }
}
