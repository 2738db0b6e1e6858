package io.holdfast.zookeeper;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one claim in one session: its node, and the grant. Its asks and releases come
 * one after the other, each with what the one before has found out; so a withdrawal never overtakes
 * a question that may still create a node. Thread-safe.
 */
final class Place {

  private enum Stage {
    FRESH,
    BEGUN,
    WITHDRAWN
  }

  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.FRESH);
  private final Session session;
  private final String folder;
  private final String prefix;
  private final AtomicReference<CompletableFuture<Boolean>> last =
      new AtomicReference<>(CompletableFuture.completedFuture(true));

  /** The claim's node, if it is known to have one. */
  volatile @Nullable Node node;

  /** Whether nodes may be there that nothing is known of, because an answer was lost. */
  volatile boolean isUnsure;

  /** The token, from the grant on. */
  volatile long token;

  /** When the question was put that was answered with the grant. */
  volatile long grantedAt;

  /** The nodes whose end may make the lock free, as last seen. */
  volatile List<String> waitsFor = List.of();

  /** A node of the claim, created by the place's session. */
  record Node(String name, long czxid) {}

  Place(Session session, String folder, String prefix) {
    this.session = session;
    this.folder = folder;
    this.prefix = prefix;
  }

  Session session() {
    return session;
  }

  String folder() {
    return folder;
  }

  String prefix() {
    return prefix;
  }

  String pathOf(String node) {
    return folder + "/" + node;
  }

  /** Before anything of it is sent. False if it was withdrawn before that. */
  boolean begin() {
    return stage.compareAndSet(Stage.FRESH, Stage.BEGUN) || stage.get() == Stage.BEGUN;
  }

  /** Gives it up if nothing of it was sent; then nothing will be. */
  boolean isWithdrawnUnsent() {
    return stage.compareAndSet(Stage.FRESH, Stage.WITHDRAWN);
  }

  /** Puts a question when those before it are answered. */
  <A> CompletableFuture<A> next(Supplier<CompletionStage<A>> question) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    CompletableFuture<Boolean> before = Objects.requireNonNull(last.getAndSet(done));
    return before
        .thenCompose(ended -> question.get())
        .whenComplete((answer, failure) -> done.complete(true));
  }
}
