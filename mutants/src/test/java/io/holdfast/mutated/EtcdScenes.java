package io.holdfast.mutated;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.holdfast.BackendException;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Two processes and an etcd, behind whose back keys are deleted and written, and which stands still
 * now and then. Each scene has a name of its own, and says what it heard that it should not. Used
 * by one thread.
 */
public final class EtcdScenes extends TwoProcesses {

  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final Duration IMPATIENT = Duration.ofSeconds(3);
  private static final long PATIENCE_SECONDS = 30;

  /** Waits for an answer only so long that a server may stand still for longer. */
  private final LockBackend impatient;

  private final Client plain;
  private final Runnable pause;
  private final Runnable resume;
  private final RealTime time;

  private EtcdScenes(
      Function<Duration, LockBackend> backends,
      RealTime time,
      Client plain,
      Runnable pause,
      Runnable resume) {
    super(
        backends.apply(Duration.ofSeconds(PATIENCE_SECONDS)),
        backends.apply(Duration.ofSeconds(PATIENCE_SECONDS)));
    this.impatient = backends.apply(IMPATIENT);
    this.time = time;
    this.plain = plain;
    this.pause = pause;
    this.resume = resume;
  }

  /**
   * What is wrong with etcd's backend, in the order in which it was found; nothing if it is right.
   *
   * @param endpoint of the server, for a client that knows nothing of locks
   * @param pause lets the server stand still
   * @param resume lets it go on
   */
  public static List<String> wrongWith(
      String provider, String url, String endpoint, Runnable pause, Runnable resume)
      throws Exception {
    BackendProvider backends =
        Class.forName(provider).asSubclass(BackendProvider.class).getConstructor().newInstance();
    RealTime time = new RealTime();
    Function<Duration, LockBackend> connect =
        patience -> backends.connect(url, new StoreContext(time, patience, LEASE, warning -> {}));
    try (Client plain = Client.builder().endpoints(endpoint).build();
        EtcdScenes scenes = new EtcdScenes(connect, time, plain, pause, resume)) {
      scenes.run();
      return List.copyOf(scenes.wrong);
    }
  }

  private void run() throws Exception {
    try {
      tokens(newName());
      spans(newName());
      wakeUps(newName());
      releasedBefore(newName());
      comesBack(newName());
      deleted(newName());
      replaced(newName());
      unanswered(newName());
      lateAnswer(newName());
    } catch (ExecutionException noAnswer) {
      wrong.add("no answer: " + noAnswer.getCause());
    }
  }

  @Override
  public void close() {
    super.close();
    impatient.close();
  }

  private static LockName newName() {
    return new LockName("scene:" + UUID.randomUUID());
  }

  /** The base is lifted, and set back, by others. */
  private void tokens(LockName name) throws Exception {
    long first = once(other, name, 1);
    long now = System.currentTimeMillis() * 1_000;
    setBase(now + Duration.ofDays(1).toNanos() / 1_000);
    long second = once(one, name, 1);
    expect("a token after tomorrow's base", true, second > now && second > first);
    long third = once(other, name, 1);
    expect("the token of one who knew a lower base", true, third > second);
    setBase(now - Duration.ofDays(1).toNanos() / 1_000);
    long restored = once(other, name, 1);
    expect("a token after the base fell is not behind the clock", true, restored >= now);
  }

  /** Others have lifted the base, so there is no room for a span. */
  private void spans(LockName name) throws Exception {
    long now = System.currentTimeMillis() * 1_000;
    once(one, name, 1);
    setBase(now + Duration.ofHours(1).toNanos() / 1_000);
    long before = once(other, name, 1);
    long first = once(one, name, Ask.MAX_SPAN);
    expect("the first token of a span", true, first > before);
    deleteBase();
  }

  /** A release wakes the next, and only it. */
  private void wakeUps(LockName name) throws Exception {
    Claim holder = granted(one, name);
    Claim next = waiting(other, name);
    Claim last = waiting(one, name);
    Semaphore nextHints = new Semaphore(0);
    Semaphore lastHints = new Semaphore(0);
    try (Watch ofNext = other.watch(next, nextHints::release);
        Watch ofLast = one.watch(last, lastHints::release)) {
      heard(one.release(holder, 0, Duration.ZERO));
      expect("a hint for the next", true, nextHints.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS));
      expect("a hint for the last", false, isToldOfOthers(lastHints, name));
    }
    heard(other.release(next, 0, Duration.ZERO));
    heard(one.release(last, 0, Duration.ZERO));
  }

  /** While others come and go, again and again: etcd may hear late of who listens. */
  private boolean isToldOfOthers(Semaphore hints, LockName name) throws Exception {
    boolean told = false;
    for (int i = 0; i < 10 && !told; i++) {
      heard(other.release(waiting(other, name), 0, Duration.ZERO));
      told = hints.tryAcquire(200, TimeUnit.MILLISECONDS);
    }
    return told;
  }

  /** The one ahead is gone when the next begins to listen. */
  private void releasedBefore(LockName name) throws Exception {
    Claim holder = granted(one, name);
    Claim next = waiting(other, name);
    heard(one.release(holder, 0, Duration.ZERO));
    Semaphore hints = new Semaphore(0);
    try (Watch watch = other.watch(next, hints::release)) {
      boolean isTold = hints.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
      expect("a hint of what was before the watch", true, isTold);
    }
    heard(other.release(next, 0, Duration.ZERO));
  }

  /** Who was ahead is behind now, with the same key. */
  private void comesBack(LockName name) throws Exception {
    Claim first = granted(one, name);
    Claim second = waiting(other, name);
    heard(one.release(first, 0, Duration.ZERO));
    Claim back = waiting(one, name);
    setBase(System.currentTimeMillis() * 1_000 + Duration.ofHours(1).toNanos() / 1_000);
    long token = token(heard(other.ask(new Ask(second, LEASE, true, 1, 0))));
    Inspection seen = heard(((Inspectable) one).inspect(name));
    expect(
        "the token that is told of the holder",
        token,
        seen.holder().flatMap(holder -> holder.token().stream().boxed().findAny()).orElse(0L));
    heard(other.release(second, 0, Duration.ZERO));
    heard(one.release(back, 0, Duration.ZERO));
    deleteBase();
  }

  /** A holder's key is deleted. */
  private void deleted(LockName name) throws Exception {
    Claim holder = granted(one, name);
    plain.getKVClient().delete(newest(name).getKey()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    expect("a renewal without a key", true, renew(one, holder) instanceof Renewal.Gone);
    expect("a release without a key", Release.GONE, heard(one.release(holder, 0, Duration.ZERO)));
  }

  /** A holder's key is deleted and written again, with another create revision. */
  private void replaced(LockName name) throws Exception {
    Claim holder = granted(one, name);
    replace(newest(name));
    expect(
        "a release of another's key", Release.GONE, heard(one.release(holder, 0, Duration.ZERO)));
  }

  /** An ask is not heard, and what it may have left comes late. */
  private void unanswered(LockName name) throws Exception {
    Claim holder = unheard(name);
    token(heard(impatient.ask(new Ask(holder, LEASE, true, 1, 0))));
    KeyValue key = newest(name);
    replace(key);
    expect("a renewal of what came late", true, renew(impatient, holder) instanceof Renewal.Gone);

    Claim next = granted(impatient, newName());
    renew(impatient, next);
    expect("a key that nobody has", true, until(() -> line(name).isEmpty()));

    LockName again = newName();
    Claim given = unheard(again);
    token(
        heard(
            impatient.ask(new Ask(given, LEASE, true, 1, 0)))); // behind the one that was not heard
    heard(impatient.release(given, 0, Duration.ZERO));
    Claim another = granted(impatient, again);
    expect(
        "the key of an ask without an answer is used again",
        false,
        newest(again).getKey().toString(UTF_8).endsWith("-0"));
    heard(impatient.release(another, 0, Duration.ZERO));
    heard(impatient.release(next, 0, Duration.ZERO));
  }

  /** A claim whose ask the server may or may not have heard. */
  private Claim unheard(LockName name) throws Exception {
    Claim claim = Claim.on(name, "me");
    pause.run();
    try {
      heard(impatient.ask(new Ask(claim, LEASE, true, 1, 0)));
      wrong.add("an answer from a server that stands still");
    } catch (ExecutionException expected) {
      // No answer, which is what it takes.
    } finally {
      resume.run();
    }
    return claim;
  }

  /** Between the question that keeps the lease and its answer time passes. */
  private void lateAnswer(LockName name) throws Exception {
    time.pass(LEASE.dividedBy(2)); // so that the next ask keeps the lease
    Claim claim = Claim.on(name, "me");
    Duration silence = LEASE.dividedBy(3);
    pause.run();
    CompletionStage<Attempt> asked;
    try {
      asked = one.ask(new Ask(claim, LEASE, false, 1, 0));
      time.pass(silence);
    } finally {
      resume.run();
    }
    Attempt answer = heard(asked);
    token(answer);
    if (answer instanceof Attempt.Granted granted) {
      expect("a promise that is too long", false, granted.validFor().compareTo(LEASE) > 0);
    }
    heard(one.release(claim, 0, Duration.ZERO));
  }

  private long once(LockBackend through, LockName name, int span) throws Exception {
    Claim claim = Claim.on(name, "me");
    long token = token(heard(through.ask(new Ask(claim, LEASE, false, span, 0))));
    expect("a release", Release.RELEASED, heard(through.release(claim, 0, Duration.ZERO)));
    return token;
  }

  private Claim granted(LockBackend through, LockName name) throws Exception {
    Claim claim = Claim.on(name, "me");
    token(heard(through.ask(new Ask(claim, LEASE, true, 1, 0))));
    return claim;
  }

  private Claim waiting(LockBackend through, LockName name) throws Exception {
    Claim claim = Claim.on(name, "me");
    Attempt answer = heard(through.ask(new Ask(claim, LEASE, true, 1, 0)));
    expect("who has to wait", true, answer instanceof Attempt.Refused);
    return claim;
  }

  private static Renewal renew(LockBackend through, Claim claim) throws Exception {
    return heard(through.renew(claim, LEASE));
  }

  /** The token of a grant; 0 if it is none, which is wrong. */
  private long token(Attempt attempt) {
    expect("a free lock", true, attempt instanceof Attempt.Granted);
    return attempt instanceof Attempt.Granted granted ? granted.firstToken() : 0;
  }

  private List<KeyValue> line(LockName name) throws Exception {
    return plain
        .getKVClient()
        .get(bytes("lock_=" + name + "="), GetOption.builder().isPrefix(true).build())
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .getKvs();
  }

  private KeyValue newest(LockName name) throws Exception {
    return line(name).stream()
        .max(Comparator.comparing(KeyValue::getCreateRevision))
        .orElseThrow(() -> new BackendException("No key in the line of " + name));
  }

  private void replace(KeyValue key) throws Exception {
    plain.getKVClient().delete(key.getKey()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    PutOption hanging = PutOption.builder().withLeaseId(key.getLease()).build();
    plain
        .getKVClient()
        .put(key.getKey(), key.getValue(), hanging)
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private void setBase(long base) throws Exception {
    plain
        .getKVClient()
        .put(bytes("lock_==base"), bytes("%016d".formatted(base)))
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** The next grant makes another, at the clock. */
  private void deleteBase() throws Exception {
    plain.getKVClient().delete(bytes("lock_==base")).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }
}
