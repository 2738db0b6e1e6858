package io.holdfast.testkit;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A backend whose messages meet the fate that a test chooses: lost, late, or failed, on their way
 * to an honest store or on their way back. Every message is recorded.
 *
 * <p>Thread-safe.
 */
public final class UnreliableBackend implements LockBackend, Inspectable {

  /** What a message asks. */
  public enum Kind {
    ASK,
    RENEW,
    RELEASE,
    INSPECT
  }

  /** What becomes of a message. */
  public enum Fate {
    /** It arrives and is answered at once. */
    ANSWERED,
    /** It never arrives, and nobody is told. */
    LOST,
    /** It arrives, and its answer is lost. */
    ANSWER_LOST,
    /** It never arrives, and its sender is told that something failed. */
    FAILED,
    /** It arrives, and its sender is told that something failed. */
    ANSWER_FAILED,
    /** It waits for {@link Message#arrive()} and {@link Message#answer()}. */
    HELD
  }

  /** A question that was sent. */
  public static final class Message {
    private final Kind kind;
    private final @Nullable Claim claim;
    private final Runnable arrival;
    private final Runnable answer;
    private final Runnable failure;

    private Message(
        Kind kind, @Nullable Claim claim, Runnable arrival, Runnable answer, Runnable failure) {
      this.kind = kind;
      this.claim = claim;
      this.arrival = arrival;
      this.answer = answer;
      this.failure = failure;
    }

    /** What it asks. */
    public Kind kind() {
      return kind;
    }

    /** Whose it is; none for an inspection. */
    public @Nullable Claim claim() {
      return claim;
    }

    /** The store hears it, at this moment; each call is once more. */
    public void arrive() {
      arrival.run();
    }

    /** Its sender hears the answer to its last arrival. */
    public void answer() {
      answer.run();
    }

    /** Its sender hears that something failed. */
    public void fail() {
      failure.run();
    }
  }

  private final LockBackend store;
  private final Map<Kind, Deque<Fate>> next = new EnumMap<>(Kind.class);
  private final Map<Kind, Fate> usual = new ConcurrentHashMap<>();
  private final List<Message> sent = new CopyOnWriteArrayList<>();
  private final AtomicInteger closes = new AtomicInteger();
  private volatile boolean hints = true;

  /** Messages to an honest store, all answered until a test says otherwise. */
  public UnreliableBackend(LockBackend store) {
    this.store = store;
    for (Kind kind : Kind.values()) {
      next.put(kind, new ConcurrentLinkedDeque<>());
      usual.put(kind, Fate.ANSWERED);
    }
  }

  /** The fates of the next messages of a kind. */
  public void next(Kind kind, Fate... fates) {
    fatesOf(kind).addAll(List.of(fates));
  }

  /** The fate of all messages of a kind that have no fate of their own. */
  public void always(Kind kind, Fate fate) {
    usual.put(kind, fate);
  }

  /** The fate of all messages. */
  public void always(Fate fate) {
    for (Kind kind : Kind.values()) {
      always(kind, fate);
    }
  }

  /** From here on every message is answered, whatever fate was chosen for it before. */
  public void heal() {
    next.values().forEach(Deque::clear);
    always(Fate.ANSWERED);
  }

  /** Whether hints reach their watchers; true at first. */
  public void hints(boolean come) {
    hints = come;
  }

  /** What was sent, in order. */
  public List<Message> sent() {
    return List.copyOf(sent);
  }

  /** What was sent of a kind, in order. */
  public List<Message> sent(Kind kind) {
    return sent.stream().filter(message -> message.kind() == kind).toList();
  }

  private Deque<Fate> fatesOf(Kind kind) {
    Deque<Fate> fates = next.get(kind);
    if (fates == null) {
      throw new IllegalStateException("Every kind has fates");
    }
    return fates;
  }

  private <A> CompletionStage<A> send(
      Kind kind, @Nullable Claim claim, Supplier<CompletionStage<A>> question) {
    Fate chosen = fatesOf(kind).poll();
    Fate fate = chosen == null ? usual.getOrDefault(kind, Fate.ANSWERED) : chosen;
    CompletableFuture<A> answered = new CompletableFuture<>();
    CompletableFuture<CompletionStage<A>> arrived = new CompletableFuture<>();
    Message message =
        new Message(
            kind,
            claim,
            () -> arrived.obtrudeValue(question.get()),
            () -> deliver(arrived, answered),
            () -> answered.completeExceptionally(new BackendException("The question failed")));
    sent.add(message);
    switch (fate) {
      case ANSWERED -> {
        message.arrive();
        message.answer();
      }
      case ANSWER_LOST -> message.arrive();
      case ANSWER_FAILED -> {
        message.arrive();
        answered.completeExceptionally(new BackendException("The answer failed"));
      }
      case FAILED -> message.fail();
      case LOST, HELD -> {}
    }
    return answered;
  }

  private static <A> void deliver(
      CompletableFuture<CompletionStage<A>> arrived, CompletableFuture<A> answered) {
    CompletionStage<A> answer = arrived.join();
    var unused =
        answer.whenComplete(
            (value, failure) -> {
              if (failure != null) {
                answered.completeExceptionally(failure);
              } else {
                answered.complete(value);
              }
            });
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    return send(Kind.ASK, ask.claim(), () -> store.ask(ask));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    return send(Kind.RENEW, claim, () -> store.renew(claim, leaseFor));
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    return send(Kind.RELEASE, claim, () -> store.release(claim, lastTokenUsed, keepFor));
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return send(Kind.INSPECT, null, () -> ((Inspectable) store).inspect(name));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return store.watch(
        claim,
        () -> {
          if (hints) {
            mayBeFree.run();
          }
        });
  }

  @Override
  public Guarantees guarantees() {
    return store.guarantees();
  }

  /** How often it was closed. */
  public int closes() {
    return closes.get();
  }

  @Override
  public void close() {
    closes.incrementAndGet();
    store.close();
  }
}
