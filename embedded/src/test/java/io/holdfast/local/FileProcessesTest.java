package io.holdfast.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes, one folder: what the system's locks are worth, and how they can be lost. */
class FileProcessesTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Short enough to wait for its end; whoever has to keep its lock has a longer one. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  private static final Duration LONG = Duration.ofHours(1);

  @TempDir private static Path folder;
  private static LockingJvm other;
  private final String name = UUID.randomUUID().toString();
  private Locks locks;

  @BeforeAll
  static void startAnother() throws InterruptedException {
    other = LockingJvm.start(folder, LONG);
  }

  @AfterAll
  static void endIt() {
    other.close();
  }

  @BeforeEach
  void connect() {
    locks = newLocks();
  }

  /** With patience, and leases that last, also on a machine that stalls. */
  private static Locks newLocks() {
    return Locks.connect(
        folder.toUri().toString(),
        LocksConfig.DEFAULTS
            .options(LockOptions.DEFAULTS.leaseFor(LONG).waitAtMost(Duration.ofMinutes(1)))
            .requestTimeout(Duration.ofSeconds(60)));
  }

  @AfterEach
  void close() throws IOException, InterruptedException {
    locks.close();
    other.tell("release");
  }

  private Lease takenHere() throws InterruptedException {
    return locks.tryAcquire(name).orElseThrow();
  }

  private void isFreeHereSoon() {
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(10))
        .untilAsserted(() -> assertThat(locks.tryAcquire(name)).isPresent());
  }

  @Test
  void processesExcludeEachOtherAndTokensGrow() throws Exception {
    long first = Long.parseLong(other.tell("try", name));
    assertThat(locks.tryAcquire(name)).isEmpty();
    assertThat(other.tell("release")).isEqualTo("released");
    long second;
    try (Lease lease = takenHere()) {
      second = lease.token();
      assertThat(other.tell("try", name)).isEqualTo("busy");
    }
    long third = Long.parseLong(other.tell("try", name));
    assertThat(List.of(first, second, third)).isSorted().doesNotHaveDuplicates();
  }

  /** Closing a file frees the lock that its process has on it, through whatever it was opened. */
  @Test
  void whatElseThisProcessDoesWithTheNameDoesNotFreeItsLock() throws Exception {
    try (Locks more = newLocks()) {
      try (Lease lease = takenHere()) {
        assertThat(more.tryAcquire(name)).isEmpty();
        assertThat(locks.inspect(name).holder()).isPresent();
        assertThat(more.inspect(name).holder()).isPresent();
        assertThat(other.tell("try", name)).isEqualTo("busy");
        lease.ensureHeld();
      }
    }
    try (Lease lease = takenHere()) {
      newLocks().close();
      assertThat(other.tell("try", name)).isEqualTo("busy");
      lease.ensureHeld();
    }
  }

  @Test
  void aKilledHolderFreesItsLockAtOnce() throws Exception {
    try (LockingJvm killed = LockingJvm.start(folder, LONG)) {
      long token = Long.parseLong(killed.tell("try", name));
      killed.process().kill();
      try (Lease lease = takenHere()) {
        assertThat(lease.token()).isGreaterThan(token);
      }
      assertThat(other.tell("who", name)).isEqualTo("free");
    }
  }

  @Test
  void aStoppedHolderKeepsItsLockUntilItGoesOnAndFindsItsLeaseLost() throws Exception {
    try (LockingJvm stopped = LockingJvm.start(folder, SHORT)) {
      stopWhileItHolds(stopped);
      LockOptions asLong = LockOptions.DEFAULTS.leaseFor(SHORT).holdAtMost(SHORT);
      Lease begunLater = locks.acquire(UUID.randomUUID().toString(), asLong);
      await().atMost(LIMIT).until(() -> !begunLater.isHeld());
      assertThat(locks.tryAcquire(name)).isEmpty();
      stopped.process().goOn();
      assertThat(stopped.tell("held")).isEqualTo("false");
      isFreeHereSoon();
    }
  }

  /** On a machine that stalls it may have lost its lease before it is stopped. */
  private void stopWhileItHolds(LockingJvm holder) throws Exception {
    while (true) {
      holder.tell("try", name);
      holder.process().stop();
      Optional<Lease> free = locks.tryAcquire(name);
      if (free.isEmpty()) {
        return;
      }
      free.get().close();
      holder.process().goOn();
      assertThat(holder.tell("held")).as("whose lock was free").isEqualTo("false");
    }
  }

  @Test
  void aHolderWhoseFileIsDeletedByHandHearsOfItAndAnotherIsGranted() throws Exception {
    try (LockingJvm holder = LockingJvm.start(folder, SHORT)) {
      long token = Long.parseLong(holder.tell("try", name));
      Files.delete(folder.resolve(name + ".lock"));
      try (Lease lease = takenHere()) {
        assertThat(lease.token()).isGreaterThan(token);
        await()
            .atMost(LIMIT)
            .untilAsserted(() -> assertThat(holder.tell("held")).isEqualTo("false"));
        holder.tell("release");
        lease.ensureHeld();
        assertThat(holder.tell("try", name)).isEqualTo("busy");
      }
    }
  }

  @Test
  void lookingShowsTheHolderOfAnotherProcessAndNeverTakesTheLock() throws Exception {
    assertThat(other.tell("who", name)).isEqualTo("free");
    try (Lease lease = locks.acquire(name, LockOptions.DEFAULTS.label("here"))) {
      assertThat(other.tell("who", name)).isEqualTo("here");
      lease.ensureHeld();
    }
    assertThat(other.tell("who", name)).isEqualTo("free");
    other.tell("try", name);
    assertThat(locks.inspect(name).holder())
        .hasValueSatisfying(holder -> assertThat(holder.remaining()).isEmpty());
  }

  @Test
  void whatIsKeptIsTakenForOtherProcessesToo() throws Exception {
    LockOptions kept = LockOptions.DEFAULTS.label("kept").keepFor(Duration.ofHours(1));
    locks.acquire(name, kept).close();
    assertThat(other.tell("try", name)).isEqualTo("busy");
    assertThat(other.tell("who", name)).isEqualTo("kept");
    assertThat(locks.inspect(name).holder().flatMap(one -> one.remaining()))
        .hasValueSatisfying(
            left -> assertThat(left).isBetween(Duration.ofMinutes(30), Duration.ofHours(1)));
  }

  @Test
  void noUpdateIsLostBetweenProcessesAndTokensAreInTheOrderOfTheHolds() throws Exception {
    Path record = Files.createFile(folder.resolve("record"));
    try (LockingJvm third = LockingJvm.start(folder, LONG)) {
      third.order("count", name, record.toString(), "100");
      other.order("count", name, record.toString(), "100");
      for (int i = 0; i < 50; i++) {
        locks.withLease(
            name,
            lease -> Files.writeString(record, Files.readString(record) + lease.token() + "\n"));
      }
      assertThat(List.of(third.answer(), other.answer())).containsOnly("counted");
    }
    List<Long> tokens = Files.readAllLines(record).stream().map(Long::valueOf).toList();
    assertThat(tokens).hasSize(250).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void anAskIsNeverBusyBecauseSomebodyLooks() throws Exception {
    AtomicBoolean goesOn = new AtomicBoolean(true);
    AtomicInteger looks = new AtomicInteger();
    Thread looking =
        new Thread(
            () -> {
              try {
                while (goesOn.get()) {
                  other.tell("who", name);
                  looks.incrementAndGet();
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    looking.start();
    try {
      for (int i = 0; i < 2_000 || looks.get() == 0; i++) {
        Optional<Lease> lease = locks.tryAcquire(name);
        assertThat(lease).isPresent();
        lease.get().close();
      }
    } finally {
      goesOn.set(false);
      looking.join(LIMIT.toMillis());
    }
    assertThat(looks.get()).isPositive();
  }
}
