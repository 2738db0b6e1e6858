package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.Watch.Watcher;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Watches on some keys for one who wants to hear of their deletion, and of the watches' own end,
 * after which a deletion may be missed. What ended is over: jetcd, which would resume it twice a
 * second for ever, is told not to; whoever asks the store again may listen again. Never blocks, but
 * takes jetcd's locks: call it while holding none. Thread-safe.
 */
final class Listening {

  private final Watch watches;
  private final ByteSequence about;
  private final Consumer<KeyValue> deleted;
  private final Runnable ended;
  private final List<Watcher> open = new CopyOnWriteArrayList<>();
  private final AtomicInteger begun = new AtomicInteger();
  private volatile boolean over;

  /**
   * Hears nothing yet.
   *
   * @param about the key that matters most, to know it by
   * @param deleted takes a key that was deleted, with the revision of that as its last
   * @param ended runs once when something may have been missed
   */
  Listening(Watch watches, ByteSequence about, Consumer<KeyValue> deleted, Runnable ended) {
    this.watches = watches;
    this.about = about;
    this.deleted = deleted;
    this.ended = ended;
  }

  boolean isOver() {
    return over;
  }

  /** Nothing about one more of the keys will be missed, or has been. */
  void missesNothingMore() {
    begun.incrementAndGet();
  }

  /** Whether nothing is missed any more that is meant here, or its end is told. */
  boolean missesNothing() {
    return !over && !open.isEmpty() && begun.get() == open.size();
  }

  boolean isAbout(ByteSequence key) {
    return about.equals(key);
  }

  /**
   * Begins.
   *
   * @param from the first revision of which to hear; 0 for what comes from now on
   * @param range whether all keys that begin with this one are meant
   * @param hasBegun takes the store's revision when it begins; of what comes after that, nothing is
   *     missed. Whoever has looked at what came before says {@link #missesNothingMore}
   */
  void to(ByteSequence key, long from, boolean range, LongConsumer hasBegun) {
    WatchOption option =
        WatchOption.builder()
            .withRevision(from)
            .isPrefix(range)
            .withNoPut(true)
            .withCreateNotify(true)
            .withRequireLeader(true)
            .build();
    open.add(
        watches.watch(
            key,
            option,
            Watch.listener(
                response -> hear(response, hasBegun), failure -> end(), this::endUnlessOver)));
    if (over) {
      stop();
    }
  }

  private void hear(WatchResponse response, LongConsumer hasBegun) {
    if (over) {
      return;
    }
    if (response.isCreatedNotify()) {
      hasBegun.accept(response.getHeader().getRevision());
    }
    for (WatchEvent event : response.getEvents()) {
      deleted.accept(event.getKeyValue());
    }
  }

  private void endUnlessOver() {
    if (!over) {
      end();
    }
  }

  /** Something may have been missed. */
  void end() {
    boolean wasOver = over;
    stop();
    if (!wasOver) {
      ended.run();
    }
  }

  /** Ends it. May be repeated. */
  void stop() {
    over = true;
    open.forEach(Watcher::close);
  }
}
