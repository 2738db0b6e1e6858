package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Stored;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a store may have forgotten that does not exclude whatever happens: a grant, when another
 * server took its place, it lost its memory, or its clock was set. Used by one thread.
 */
final class Forgetting {

  private final Run run;
  private final Expectations expected;
  private final long leaseFor;

  Forgetting(Run run, Expectations expected) {
    this.run = run;
    this.expected = expected;
    leaseFor = Nanos.of(expected.leaseFor());
  }

  /** Whether two may have had a lock at once: one was forgotten before the other was granted. */
  boolean excuses(Tenure one, Tenure other) {
    return !expected.exclusion()
        && run.mayForgetBetween(
            Math.min(since(one), since(other)), Math.max(one.start(), other.start()));
  }

  /** The holds, by their numbers, that cannot have been forgotten while they were relied on. */
  Set<Long> kept() {
    Set<Long> kept = new HashSet<>();
    for (List<Tenure> lock : run.locks()) {
      for (Tenure tenure : lock) {
        long until = Math.max(tenure.start(), tenure.promised());
        if (expected.exclusion() || !run.mayForgetBetween(since(tenure), until)) {
          kept.add(tenure.acquire().hold());
        }
      }
    }
    return kept;
  }

  /**
   * Since when the store may have had a hold's lock for its process, at the earliest: where it does
   * not tell, or its tokens do not, a lease before the call, as a lock may have been handed over.
   */
  long since(Tenure tenure) {
    @Nullable Stored grant = expected.tokensGrow() ? run.grantOf(tenure) : null;
    long invokedAt = tenure.acquire().invokedAt();
    return grant == null ? invokedAt - leaseFor : Math.min(invokedAt, grant.at());
  }
}
