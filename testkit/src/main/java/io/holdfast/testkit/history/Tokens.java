package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Stored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** C2: of each lock the tokens are unique, grow in real time, and do not change. */
final class Tokens {

  private Tokens() {}

  static void check(Run run, Expectations expected, Findings found) {
    Map<String, NavigableMap<Long, Long>> grants = expected.exclusion() ? Map.of() : grants(run);
    for (List<Tenure> lock : run.locks()) {
      List<Tenure> granted = new ArrayList<>(lock.size());
      for (Tenure tenure : lock) {
        if (tenure.isGranted()) {
          granted.add(tenure);
          checkLooks(tenure, found);
        }
      }
      if (expected.tokensGrow() && !granted.isEmpty()) {
        checkUnique(granted, found);
        String name = granted.get(0).acquire().name();
        checkOrder(granted, grants.getOrDefault(name, new TreeMap<>()), found);
      }
    }
    for (Resource resource : run.resources()) {
      for (Event step : resource.steps()) {
        if (step instanceof Claim claim) {
          checkClaim(claim, run.tenure(claim.hold()), found);
        }
      }
    }
  }

  private static void checkLooks(Tenure tenure, Findings found) {
    for (Look look : tenure.looks()) {
      if (look.token() != tenure.token()) {
        changed(tenure, look.token(), look, found);
      }
    }
  }

  private static void checkClaim(Claim claim, @Nullable Tenure tenure, Findings found) {
    if (tenure != null && tenure.isGranted() && claim.token() != tenure.token()) {
      changed(tenure, claim.token(), claim, found);
    }
  }

  private static void changed(Tenure tenure, long token, Event event, Findings found) {
    found.add(
        Check.TOKENS,
        "hold %d was granted with token %d and has %d"
            .formatted(tenure.acquire().hold(), tenure.token(), token),
        tenure.acquire(),
        event);
  }

  private static void checkUnique(List<Tenure> granted, Findings found) {
    Map<Long, Tenure> byToken = new HashMap<>();
    for (Tenure tenure : granted) {
      Tenure twin = byToken.putIfAbsent(tenure.token(), tenure);
      if (twin != null) {
        found.add(
            Check.TOKENS,
            "token %d of %s was granted twice".formatted(tenure.token(), tenure.acquire().name()),
            twin.acquire(),
            tenure.acquire());
      }
    }
  }

  /** When the store made its grants, by their first token. */
  private static Map<String, NavigableMap<Long, Long>> grants(Run run) {
    Map<String, NavigableMap<Long, Long>> grants = new HashMap<>();
    for (Stored stored : run.stored()) {
      if (stored.effect() == Effect.GRANTED) {
        grants
            .computeIfAbsent(stored.name(), name -> new TreeMap<>())
            .put(stored.token(), stored.at());
      }
    }
    return grants;
  }

  /**
   * When a hold was asked for. A process may hear late of a grant, or hand its lock over, without
   * knowing that the store has forgotten it: where a store may, the moment of the grant counts.
   */
  private static long askedAt(Tenure tenure, NavigableMap<Long, Long> grants) {
    Map.@Nullable Entry<Long, Long> grant = grants.floorEntry(tenure.token());
    long invokedAt = tenure.acquire().invokedAt();
    return grant == null ? invokedAt : Math.min(invokedAt, grant.getValue());
  }

  private static void checkOrder(
      List<Tenure> byReturn, NavigableMap<Long, Long> grants, Findings found) {
    List<Tenure> byCall = new ArrayList<>(byReturn);
    byCall.sort(Comparator.comparingLong(tenure -> askedAt(tenure, grants)));
    @Nullable Tenure greatest = null;
    int returned = 0;
    for (Tenure later : byCall) {
      while (byReturn.get(returned).start() < askedAt(later, grants)) {
        Tenure earlier = byReturn.get(returned);
        greatest = greatest == null || earlier.token() > greatest.token() ? earlier : greatest;
        returned++;
      }
      if (greatest != null && greatest.token() > later.token()) {
        found.add(
            Check.TOKENS,
            "token %d of %s was granted after %d"
                .formatted(later.token(), later.acquire().name(), greatest.token()),
            greatest.acquire(),
            later.acquire());
      }
    }
  }
}
