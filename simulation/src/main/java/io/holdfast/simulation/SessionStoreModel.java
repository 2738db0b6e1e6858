package io.holdfast.simulation;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * A store with sessions, as ZooKeeper and etcd are: a lock is a line of entries, one for each
 * claim, in the order in which they were made; the first has the lock; an entry lasts as long as
 * its session, and a session as long as it is heard of.
 *
 * <p>Time is the leader's monotonic clock. A session never ends before its time without a heartbeat
 * is over, and ends only when the leader {@linkplain #expire looks}; until then a late heartbeat
 * saves it. A new leader gives every session its whole time again.
 *
 * <p>A token is the base plus the revision that made the entry. The base is read in the step that
 * finds the entry first in line, and at no other; it only rises.
 *
 * <p>A model of the design, with no real server beside it yet. Not modelled: followers that answer
 * from the past, a leader that does not know it is deposed, and the ticks and whole seconds in
 * which real servers count. For one thread.
 */
final class SessionStoreModel {

  /** What a claim hears. */
  sealed interface Answer {

    /** It is first, with this token, the same whenever it asks. */
    record First(long token) implements Answer {}

    /** So many are before it. */
    record Behind(int others) implements Answer {}

    /** Its session is over, and nothing of it is left. */
    record NoSession() implements Answer {}
  }

  private record Session(long ttlNanos, long heardAt) {}

  private record Entry(long session, long revision, OptionalLong token) {}

  private final Map<Long, Session> sessions = new HashMap<>();
  private final Map<String, LinkedHashMap<String, Entry>> lines = new HashMap<>();
  private LongSupplier nanoTime;
  private long revision;
  private long base;

  /** An empty store, whose leader has this clock. */
  SessionStoreModel(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Lifts the base so that tokens to come are not below this time; what a client does when it
   * connects.
   *
   * @param clockMicros the client's wall clock, in microseconds since 1970
   */
  void liftBase(long clockMicros) {
    if (clockMicros - revision > base) {
      base = clockMicros - revision;
      revision++;
    }
  }

  /** A new session, heard of now. */
  long openSession(long ttlMillis) {
    revision++;
    sessions.put(revision, new Session(ttlMillis * 1_000_000, nanoTime.getAsLong()));
    return revision;
  }

  /** True if there still is such a session, which then has its whole time again. */
  boolean heartbeat(long session) {
    return sessions.computeIfPresent(
            session, (same, known) -> new Session(known.ttlNanos(), nanoTime.getAsLong()))
        != null;
  }

  /** Puts the claim into the lock's line if it is not there yet, and says where it is. */
  Answer ask(String lock, long session, String claim) {
    if (!sessions.containsKey(session)) {
      return new Answer.NoSession();
    }
    LinkedHashMap<String, Entry> line = lines.computeIfAbsent(lock, same -> new LinkedHashMap<>());
    Entry entry = line.get(claim);
    if (entry == null) {
      revision++;
      entry = new Entry(session, revision, OptionalLong.empty());
      line.put(claim, entry);
    }
    int before = 0;
    for (String other : line.keySet()) {
      if (other.equals(claim)) {
        break;
      }
      before++;
    }
    if (before > 0) {
      return new Answer.Behind(before);
    }
    long token = entry.token().orElse(base + entry.revision());
    line.put(claim, new Entry(entry.session(), entry.revision(), OptionalLong.of(token)));
    return new Answer.First(token);
  }

  /** True if the claim had an entry, first or not; it is gone. */
  boolean release(String lock, String claim) {
    LinkedHashMap<String, Entry> line = lines.getOrDefault(lock, new LinkedHashMap<>());
    if (line.remove(claim) == null) {
      return false;
    }
    revision++;
    lines.values().removeIf(Map::isEmpty);
    return true;
  }

  /**
   * Ends the sessions that were not heard of for their time, and removes their entries.
   *
   * @return the locks that have another first entry than before, or none
   */
  Set<String> expire() {
    long now = nanoTime.getAsLong();
    Set<String> changed = new TreeSet<>();
    Iterator<Map.Entry<Long, Session>> all = sessions.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Long, Session> one = all.next();
      if (now - one.getValue().heardAt() - one.getValue().ttlNanos() >= 0) {
        all.remove();
        changed.addAll(removeEntriesOf(one.getKey()));
      }
    }
    return changed;
  }

  private Set<String> removeEntriesOf(long session) {
    revision++;
    Set<String> changed = new TreeSet<>();
    lines.forEach(
        (lock, line) -> {
          if (line.values().iterator().next().session() == session) {
            changed.add(lock);
          }
        });
    lines.values().forEach(line -> line.values().removeIf(entry -> entry.session() == session));
    lines.values().removeIf(Map::isEmpty);
    return changed;
  }

  /** Another server leads from now on, by its own clock. */
  void changeLeader(LongSupplier itsNanoTime) {
    nanoTime = itsNanoTime;
    long now = nanoTime.getAsLong();
    sessions.replaceAll((id, session) -> new Session(session.ttlNanos(), now));
  }

  /** The claim that is first in the lock's line. */
  Optional<String> first(String lock) {
    return Optional.ofNullable(lines.get(lock)).map(line -> line.keySet().iterator().next());
  }
}
