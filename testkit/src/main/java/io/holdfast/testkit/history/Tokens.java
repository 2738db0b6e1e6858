package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Stored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** C2: of each lock the tokens are unique, grow in real time, and do not change. */
final class Tokens {

  private Tokens() {}

  static void check(Run run, Expectations expected, Findings found) {
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
        checkOrder(
            granted, expected.exclusion() ? Tokens::invokedAt : it -> askedAt(it, run), found);
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

  private static long invokedAt(Tenure tenure) {
    return tenure.acquire().invokedAt();
  }

  /**
   * When a hold was asked for. A process may hear late of a grant, or hand its lock over, without
   * knowing that the store has forgotten it: where a store may, the moment of the grant counts.
   */
  private static long askedAt(Tenure tenure, Run run) {
    @Nullable Stored grant = run.grantOf(tenure);
    return grant == null ? invokedAt(tenure) : Math.min(invokedAt(tenure), grant.at());
  }

  private static void checkOrder(
      List<Tenure> byReturn, ToLongFunction<Tenure> askedAt, Findings found) {
    List<Tenure> byCall = new ArrayList<>(byReturn);
    byCall.sort(Comparator.comparingLong(askedAt));
    @Nullable Tenure greatest = null;
    int returned = 0;
    for (Tenure later : byCall) {
      while (byReturn.get(returned).start() < askedAt.applyAsLong(later)) {
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
