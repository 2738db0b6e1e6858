package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** C9: what is sent of a claim after it was given back, and what that does in the store. */
final class Silence {

  private Silence() {}

  /** How many claims were granted after they had been given back, by questions that came late. */
  static long check(Run run, Findings found) {
    Set<Long> askedAfterRelease = checkSent(run, found);
    return checkStored(run, askedAfterRelease, found);
  }

  private static Set<Long> checkSent(Run run, Findings found) {
    Map<Long, Sent> releases = new HashMap<>();
    Set<Long> askedAfterRelease = new HashSet<>();
    for (Sent sent : run.sent()) {
      if (sent.message() == Message.RELEASE) {
        releases.putIfAbsent(sent.claim(), sent);
        continue;
      }
      Sent release = releases.get(sent.claim());
      if (release != null) {
        if (sent.message() == Message.ASK) {
          askedAfterRelease.add(sent.claim());
        }
        found.add(
            Check.SILENCE,
            "%s sent %s of claim %d after it had given it back"
                .formatted(sent.process(), sent.message(), sent.claim()),
            release,
            sent);
      }
    }
    return askedAfterRelease;
  }

  private static long checkStored(Run run, Set<Long> askedAfterRelease, Findings found) {
    Map<Long, Stored> releases = new HashMap<>();
    long lateGrants = 0;
    for (Stored stored : run.stored()) {
      if (stored.effect() != Effect.GRANTED && !stored.wasHolder()) {
        found.add(
            Check.SILENCE,
            "claim %d did not have %s and the store has %s"
                .formatted(stored.claim(), stored.name(), stored.effect()),
            stored);
      }
      if (stored.effect() == Effect.RELEASED) {
        releases.put(stored.claim(), stored);
      } else if (stored.effect() == Effect.GRANTED) {
        Stored release = releases.remove(stored.claim());
        if (release != null && askedAfterRelease.contains(stored.claim())) {
          found.add(
              Check.SILENCE,
              "claim %d of %s was used for another grant after its release"
                  .formatted(stored.claim(), stored.name()),
              release,
              stored);
        } else if (release != null) {
          lateGrants++;
        }
      }
    }
    return lateGrants;
  }
}
