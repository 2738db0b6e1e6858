package io.holdfast.mutated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.ZooKeeper;

/**
 * Two processes and a ZooKeeper, behind whose back nodes are deleted and written, and which one of
 * them reaches over a wire that loses answers. Each scene has a name of its own, and says what it
 * heard that it should not. Used by one thread.
 */
public final class ZookeeperScenes extends TwoProcesses {

  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long FAR = 1_000_000_000_000L;
  private static final int WAITERS = 10;

  private final String folder;
  private final ZooKeeper plain;
  private final ZookeeperWire wire;
  private final RealTime time;

  private ZookeeperScenes(
      LockBackend one,
      LockBackend other,
      String folder,
      ZooKeeper plain,
      ZookeeperWire wire,
      RealTime time) {
    super(one, other);
    this.folder = folder;
    this.time = time;
    this.plain = plain;
    this.wire = wire;
  }

  /**
   * What is wrong with ZooKeeper's backend, in the order in which it was found; nothing if it is
   * right.
   *
   * @param port of the server
   * @param folder of its own for each call, with a slash in front
   */
  public static List<String> wrongWith(String provider, int port, String folder) throws Exception {
    BackendProvider backends =
        Class.forName(provider).asSubclass(BackendProvider.class).getConstructor().newInstance();
    String server = "127.0.0.1:" + port;
    RealTime time = new RealTime();
    StoreContext context = new StoreContext(time, PATIENCE, LEASE, warning -> {});
    try (ZooKeeper plain = new ZooKeeper(server, 30_000, event -> {});
        ZookeeperWire wire = new ZookeeperWire(port);
        ZookeeperScenes scenes =
            new ZookeeperScenes(
                backends.connect("zookeeper://" + wire.address() + folder, context),
                backends.connect("zookeeper://" + server + folder, context),
                folder,
                plain,
                wire,
                time)) {
      scenes.run();
      return List.copyOf(scenes.wrong);
    }
  }

  private void run() throws Exception {
    scene(this::baseThatRises);
    scene(this::baseThatRisesWhileOneWaits);
    scene(this::grantsOfOneName);
    scene(this::severalTokens);
    scene(this::nodeDeletedByHand);
    scene(this::nodeReplacedByHand);
    scene(this::aLineOfWaiters);
    scene(this::twoAsksOfOneClaim);
    scene(this::lostCreation);
    scene(this::releasesTogether);
    scene(this::lateLift);
    scene(this::leaderHeardAWhileAgo);
    scene(this::baseBehindTheClock); // last, because tokens fall back
  }

  private interface Scene {
    void play() throws Exception;
  }

  private void scene(Scene scene) throws Exception {
    try {
      scene.play();
    } catch (ExecutionException noAnswer) {
      wrong.add("no answer: " + noAnswer.getCause());
    }
  }

  private void baseThatRises() throws Exception {
    long raised = raise(FAR);
    long token = token("a free lock", heard(one.ask(asking(claim("rises"), 1))));
    expect("the token of a base that was raised", true, token > raised);
  }

  private void baseThatRisesWhileOneWaits() throws Exception {
    Claim first = claim("waits");
    Claim second = claim("waits");
    long token = token("a free lock", heard(other.ask(asking(first, 1))));
    expect("who waits", "refused", word(heard(one.ask(waiting(second)))));
    long raised = raise(FAR);
    heard(other.release(first, token, Duration.ZERO));
    long next = token("its turn", heard(one.ask(waiting(second))));
    expect("the token of one who waited while the base rose", true, next > raised);
  }

  private void grantsOfOneName() throws Exception {
    long last = 0;
    for (LockBackend backend : List.of(one, other, one, one)) {
      Claim claim = claim("one name");
      long token = token("a free lock", heard(backend.ask(asking(claim, 1))));
      expect("the next token of a name is greater", true, token > last);
      last = token;
      heard(backend.release(claim, token, Duration.ZERO));
      deleteFolder("one-name"); // as the server does, sooner or later
    }
  }

  private void severalTokens() throws Exception {
    Claim several = claim("several");
    long first = 0;
    int span = 0;
    for (int i = 0; i < 5 && span < 32; i++) { // a lift may be lost against another's
      several = claim("several");
      Attempt.Granted grant = (Attempt.Granted) heard(one.ask(asking(several, 32)));
      first = grant.firstToken();
      span = grant.span();
      heard(one.release(several, first + span - 1, Duration.ZERO));
    }
    expect("several tokens", 32, span);
    long next = token("a free lock", heard(other.ask(asking(claim("several"), 1))));
    expect("the token after several", true, next > first + span - 1);
  }

  private void nodeDeletedByHand() throws Exception {
    Claim first = claim("deleted");
    token("a free lock", heard(one.ask(asking(first, 1))));
    delete(nodes("deleted").get(0));
    token("after it was deleted", heard(other.ask(asking(claim("deleted"), 1))));
    expect("who was deleted and asks again", "refused", word(heard(one.ask(asking(first, 1)))));
  }

  private void nodeReplacedByHand() throws Exception {
    Claim first = claim("replaced");
    token("a free lock", heard(one.ask(asking(first, 1))));
    String node = nodes("replaced").get(0);
    delete(node);
    plain.create(node, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    expect("a renewal of another's node", "gone", word(heard(one.renew(first, LEASE))));
    delete(node);
    Claim second = claim("replaced");
    token("a free lock", heard(one.ask(asking(second, 1))));
    node = nodes("replaced").get(0);
    delete(node);
    plain.create(node, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    expect("who asks behind another's node", "refused", word(heard(one.ask(asking(second, 1)))));
    delete(node);
  }

  private void aLineOfWaiters() throws Exception {
    Claim holder = claim("a line");
    long token = token("a free lock", heard(other.ask(asking(holder, 1))));
    Semaphore next = new Semaphore(0);
    Semaphore rest = new Semaphore(0);
    List<Watch> watches = new ArrayList<>();
    List<Claim> waiters = new ArrayList<>();
    for (int i = 0; i < WAITERS; i++) {
      Claim waiter = claim("a line");
      waiters.add(waiter);
      expect("who waits", "refused", word(heard(one.ask(waiting(waiter)))));
      Semaphore told = i == 0 ? next : rest;
      watches.add(one.watch(waiter, told::release));
    }
    heard(one.ask(waiting(waiters.get(WAITERS - 1)))); // behind the watches
    heard(other.release(holder, token, Duration.ZERO));
    expect("a hint for the next", true, next.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    heard(one.ask(waiting(waiters.get(WAITERS - 1)))); // behind the hints
    expect("a hint for those behind", 0, rest.availablePermits());
    watches.forEach(Watch::close);
    for (Claim waiter : waiters) {
      heard(one.release(waiter, 0, Duration.ZERO));
    }
  }

  private void twoAsksOfOneClaim() throws Exception {
    token("a free lock", heard(other.ask(asking(claim("twice"), 1))));
    Claim claim = claim("twice");
    CompletionStage<Attempt> first = one.ask(asking(claim, 1));
    CompletionStage<Attempt> second = one.ask(waiting(claim));
    expect("the first of two asks", "refused", word(heard(first)));
    expect("the second of two asks", "refused", word(heard(second)));
    heard(one.release(claim, 0, Duration.ZERO));
    expect("nodes after two asks and a release", 1, nodes("twice").size());
  }

  private void lostCreation() throws Exception {
    Claim stays = claim("lost");
    token("a free lock", heard(other.ask(asking(stays, 1))));
    Claim claim = claim("lost");
    wire.loseAnswers();
    CompletionStage<Attempt> asked = one.ask(waiting(claim));
    expect("a node of who was not answered", true, until(() -> nodes("lost").size() == 2));
    wire.cut();
    expect("an answer that was lost", true, failed(asked));
    expect("a release", true, until(() -> !failed(one.release(claim, 0, Duration.ZERO))));
    expect("nodes after a lost creation and a release", 1, nodes("lost").size());
  }

  /** Two that wait for a third, one of them for a node that somebody has deleted. */
  private void releasesTogether() throws Exception {
    List<Claim> claims = List.of(claim("first"), claim("second"), claim("third"));
    List<Long> tokens = new ArrayList<>();
    for (Claim claim : claims) {
      tokens.add(token("a free lock", heard(one.ask(asking(claim, 1)))));
    }
    CountDownLatch deleted = new CountDownLatch(1);
    wire.before(OpCode.delete, () -> awaitEnd(deleted));
    List<CompletionStage<Release>> released = new ArrayList<>();
    for (int i = 0; i < claims.size(); i++) {
      released.add(one.release(claims.get(i), tokens.get(i), Duration.ZERO));
    }
    try {
      delete(nodes("second").get(0));
    } finally {
      deleted.countDown();
    }
    expect("the release that was under way", Release.RELEASED, heard(released.get(0)));
    expect("a release of who was deleted", Release.GONE, heard(released.get(1)));
    expect("a release together with it", Release.RELEASED, heard(released.get(2)));
    expect("nodes after releases together", 0, nodes("third").size());
  }

  private static void awaitEnd(CountDownLatch latch) {
    try {
      if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("It does not end");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The other has read the base before it is lifted for tokens that are none. */
  private void lateLift() throws Exception {
    Claim late = claim("late");
    List<Attempt> between = new ArrayList<>();
    wire.before(
        OpCode.setData,
        () -> {
          try {
            delete(nodes("late").get(0));
            between.add(heard(other.ask(asking(claim("late"), 1))));
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    Attempt attempt = heard(one.ask(asking(late, 32)));
    expect("who came between", List.of("granted"), between.stream().map(a -> word(a)).toList());
    expect("whose node ended before the lift", "refused", word(attempt));
  }

  private void leaderHeardAWhileAgo() throws Exception {
    Duration lately = LEASE.dividedBy(60);
    Claim claim;
    Duration whole;
    Duration later;
    long begun;
    do {
      begun = time.nanoTime();
      claim = claim("a while " + begun);
      whole = validFor(heard(one.ask(asking(claim, 1))));
      time.pass(lately);
      later = validFor(heard(one.ask(asking(claim, 1))));
    } while (time.nanoTime() - begun > LEASE.dividedBy(35).toNanos()); // too long ago to rely on
    expect("what a look costs the lock", true, later.compareTo(whole.minus(lately)) <= 0);
    time.pass(LEASE.dividedBy(2));
    Duration again = validFor(heard(one.ask(asking(claim, 1))));
    expect("the leader is asked", true, again.compareTo(whole.minus(LEASE.dividedBy(4))) > 0);
  }

  private static Duration validFor(Attempt attempt) {
    return attempt instanceof Attempt.Granted granted ? granted.validFor() : Duration.ZERO;
  }

  /** As after an hour in which nobody asked, but for one who has lifted it at the beginning. */
  private void baseBehindTheClock() throws Exception {
    Claim before = claim("behind"); // so that its folder is there, and one look is enough
    token("a free lock", heard(one.ask(asking(before, 1))));
    heard(one.release(before, 0, Duration.ZERO));
    raise(-2 * FAR - TimeUnit.HOURS.toMicros(1));
    long clock = System.currentTimeMillis() * 1_000;
    long token = token("a free lock", heard(one.ask(asking(claim("behind"), 1))));
    expect("a token that is not behind the clock", true, token > clock - 1_000_000);
  }

  private static Claim claim(String name) {
    return Claim.on(new LockName(name.replace(' ', '-')), "me");
  }

  private static Ask asking(Claim claim, int span) {
    return new Ask(claim, LEASE, false, span, 0);
  }

  private static Ask waiting(Claim claim) {
    return new Ask(claim, LEASE, true, 1, 0);
  }

  private long raise(long by) throws Exception {
    String node = folder + "/%base";
    long base = Long.parseLong(new String(plain.getData(node, false, null), US_ASCII)) + by;
    plain.setData(node, Long.toString(base).getBytes(US_ASCII), -1);
    return base;
  }

  private List<String> nodes(String name) throws Exception {
    String lock = folder + "/" + name.replace(' ', '-');
    try {
      plain.sync(lock);
      return plain.getChildren(lock, false).stream().map(node -> lock + "/" + node).toList();
    } catch (KeeperException.NoNodeException none) {
      return List.of();
    }
  }

  private void deleteFolder(String name) throws Exception {
    try {
      plain.delete(folder + "/" + name, -1);
    } catch (KeeperException.NoNodeException sooner) {
      // The server has.
    }
  }

  private void delete(String node) throws Exception {
    plain.delete(node, -1);
  }

  private static boolean failed(CompletionStage<?> answer) throws Exception {
    try {
      heard(answer);
      return false;
    } catch (ExecutionException e) {
      return true;
    }
  }
}
