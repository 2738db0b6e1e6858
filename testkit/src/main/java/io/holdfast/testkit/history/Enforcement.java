package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Write;
import org.jspecify.annotations.Nullable;

/** C3: what a resource accepts, with claims (guard a) or without (guard b). */
final class Enforcement {

  private Enforcement() {}

  static void check(Run run, Findings found) {
    for (Resource resource : run.resources()) {
      @Nullable Claim newest = null;
      @Nullable Write last = null;
      for (Event step : resource.steps()) {
        if (step instanceof Claim claim && claim.accepted()) {
          if (newest != null && claim.token() < newest.token()) {
            found.add(
                Check.RESOURCE,
                "%s accepted the claim of token %d after that of %d"
                    .formatted(resource.name(), claim.token(), newest.token()),
                newest,
                claim);
          }
          newest = claim;
        } else if (step instanceof Write write) {
          checkOwnToken(write, run.tenure(write.hold()), found);
          if (write.accepted()) {
            if (resource.isClaimed()) {
              checkClaimed(write, newest, found);
            } else {
              checkFence(write, last, found);
            }
            last = write;
          }
        }
      }
    }
  }

  private static void checkOwnToken(Write write, @Nullable Tenure tenure, Findings found) {
    if (tenure != null
        && tenure.acquire().outcome() != Outcome.UNKNOWN
        && tenure.token() != write.token()) {
      found.add(
          Check.RESOURCE,
          "hold %d was granted with token %d and writes with %d"
              .formatted(write.hold(), tenure.token(), write.token()),
          tenure.acquire(),
          write);
    }
  }

  private static void checkClaimed(Write write, @Nullable Claim newest, Findings found) {
    if (newest == null) {
      found.add(
          Check.RESOURCE,
          "%s accepted a write before any claim".formatted(write.resource()),
          write);
    } else if (write.token() != newest.token()) {
      found.add(
          Check.RESOURCE,
          "%s accepted a write of token %d while %d has claimed it"
              .formatted(write.resource(), write.token(), newest.token()),
          newest,
          write);
    }
  }

  private static void checkFence(Write write, @Nullable Write last, Findings found) {
    if (last != null && write.token() < last.token()) {
      found.add(
          Check.RESOURCE,
          "%s accepted a write of token %d after one of %d"
              .formatted(write.resource(), write.token(), last.token()),
          last,
          write);
    }
  }
}
