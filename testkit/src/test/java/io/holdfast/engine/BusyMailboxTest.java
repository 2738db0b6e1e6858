package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BusyMailboxTest {

  private final Deque<Runnable> others = new ArrayDeque<>();
  private final List<Integer> ran = new ArrayList<>();

  /** As many as come in while the first one runs. */
  private void flood(Mailbox mailbox, int number) {
    mailbox.post(() -> IntStream.range(0, number).forEach(i -> mailbox.post(() -> ran.add(i))));
  }

  @Test
  void whoPostsIsNotKeptForWhatOthersPost() {
    Mailbox mailbox = Mailbox.ofPosters(others::add);
    flood(mailbox, 10 * Mailbox.MOST);
    assertThat(ran).hasSize(Mailbox.MOST - 1);

    mailbox.post(() -> ran.add(-1));
    assertThat(ran).as("never two at once").hasSize(Mailbox.MOST - 1);
    while (!others.isEmpty()) {
      others.remove().run();
    }
    assertThat(ran).hasSize(10 * Mailbox.MOST + 1).startsWith(0, 1, 2).endsWith(-1);
    assertThat(ran.subList(0, 10 * Mailbox.MOST)).isSorted();
    assertThat(mailbox.size()).isZero();
  }

  @Test
  void whereThereIsNobodyElseThePosterGoesOn() {
    Mailbox mailbox =
        Mailbox.ofPosters(
            rest -> {
              throw new RejectedExecutionException("no thread, in a test");
            });
    flood(mailbox, 10 * Mailbox.MOST);
    assertThat(ran).hasSize(10 * Mailbox.MOST).isSorted();
    assertThat(mailbox.size()).isZero();
  }
}
