package io.holdfast.zookeeper;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The lines that this process has just left after it was first in them. Who comes back at once to a
 * long line need not read it: whoever was its last then is most likely in it yet, and can be
 * watched. If that one has gone by now, the watch says so.
 *
 * <p>A guess, for what it may cost in time alone. A few are kept, however many names there are, as
 * each is of use for so short. Thread-safe.
 */
final class RecentLines {

  private static final int MOST = 256;

  private final AtomicReferenceArray<@Nullable Left> slots = new AtomicReferenceArray<>(MOST);

  /**
   * A line when it was left.
   *
   * @param last its last node, by name
   * @param others how many were in it
   */
  record Queue(String last, int others) {}

  private record Left(String folder, Queue queue, long leftAt, long heldFor) {}

  /**
   * Somebody has released the lock.
   *
   * @param heldFor for how many nanoseconds that one has had it
   */
  void left(String folder, Queue queue, long heldFor, long now) {
    slots.set(slotOf(folder), new Left(folder, queue, now, heldFor));
  }

  /**
   * The line in a folder, if it is likely that its last still waits. Each that waits has the lock
   * for about as long as the one before: it is taken for true during half of the time that all but
   * the last need for that.
   */
  Optional<Queue> of(String folder, long now) {
    Left left = slots.get(slotOf(folder));
    return left != null
            && left.folder.equals(folder)
            && left.queue.others > 1
            && (now - left.leftAt) / (left.queue.others - 1) < left.heldFor / 2
        ? Optional.of(left.queue)
        : Optional.empty();
  }

  private static int slotOf(String folder) {
    return Math.floorMod(folder.hashCode(), MOST);
  }
}
