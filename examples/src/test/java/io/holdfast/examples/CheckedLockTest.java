package io.holdfast.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Locks;
import io.holdfast.testkit.history.Check;
import io.holdfast.testkit.history.Minima;
import io.holdfast.testkit.history.Verdict;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

class CheckedLockTest {

  @Test
  void historyOfALockInMemoryIsClean() throws Exception {
    try (Locks locks = Locks.connect("memory:checked")) {
      Verdict verdict = new CheckedLock(CheckedLock.holdfast(locks)).run(4, 100, () -> {});
      assertThat(verdict.isClean()).as(verdict.report()).isTrue();
      assertThat(Minima.NONE.acquisitions(400).acknowledged(400).missing(verdict.load())).isEmpty();
    }
  }

  @Test
  void historyOfALockWithoutAnOwnerIsRefused() throws Exception {
    PlainBoolean broken = new PlainBoolean();
    CyclicBarrier bothHaveIt = new CyclicBarrier(2);
    Verdict verdict =
        new CheckedLock(broken)
            .run(
                2,
                1,
                () -> {
                  broken.free(); // as does a caller who gave up, and cleans up all the same
                  bothHaveIt.await();
                });
    assertThat(verdict.broken())
        .as(verdict.report())
        .contains(Check.EXCLUSION, Check.LINEARIZABILITY);
    assertThat(verdict.report()).contains("could both be relied on");
  }
}
