package io.holdfast.local;

import io.holdfast.BackendException;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
import io.holdfast.local.GrantFile.Grant;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A folder of lock files, once in this JVM whatever number of backends use it: closing a file frees
 * its lock for the whole process, so one place has to know which locks are the process's. Here the
 * claims of one JVM exclude each other; the system's locks exclude other processes.
 *
 * <p>One question at a time, because a question is a few system calls. Thread-safe.
 */
final class LockFolder {

  private static final String MARK = ".holdfast";
  private static final Duration BACK_FROM_A_CRASH = Duration.ofSeconds(1);
  private static final Attempt HELD = new Attempt.Refused(Duration.ZERO, OptionalInt.empty());

  private static final ReentrantLock OPENING = new ReentrantLock();
  private static final Map<Object, LockFolder> OPEN = new HashMap<>();

  /** A lock that this JVM has, for a claim of one of its users. */
  private record Held(Claim claim, Object user, Grant grant, LockFile file) {
    boolean isOf(Claim another) {
      return claim.id().equals(another.id());
    }
  }

  private final @Nullable Object identity;
  private final Path path;
  private final Clock clock;
  private final FileChannel mark;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<LockName, Held> held = new HashMap<>();
  private final Watchers watchers = new Watchers();
  private final Set<Object> users = new HashSet<>();

  private LockFolder(@Nullable Object identity, Path path, Clock clock, FileChannel mark) {
    this.identity = identity;
    this.path = path;
    this.clock = clock;
    this.mark = mark;
  }

  /** The folder, for a user who leaves it in the end. */
  static LockFolder enter(Path path, Object user, Clock clock) throws IOException {
    Object key = LockFile.identity(path);
    Object identity = key == null ? path.toRealPath() : key;
    OPENING.lock();
    try {
      LockFolder folder = OPEN.get(identity);
      if (folder == null) {
        folder = new LockFolder(key, path, clock, mark(path));
        OPEN.put(identity, folder);
      }
      folder.admit(user);
      return folder;
    } finally {
      OPENING.unlock();
    }
  }

  private void admit(Object user) {
    lock.lock();
    try {
      users.add(user);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes part in the folder, with a lock that all processes share. A second copy of this class in
   * the same JVM, which would not know our locks and would free them by closing their files, cannot
   * share it: the JDK knows of all locks of a JVM.
   */
  private static FileChannel mark(Path folder) throws IOException {
    FileChannel mark =
        FileChannel.open(
            folder.resolve(MARK),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      if (mark.tryLock(0, 1, true) != null) {
        return mark;
      }
      mark.close();
      throw new StoreRefusedException(
          "Something else has locked " + folder.resolve(MARK) + ": end it");
    } catch (OverlappingFileLockException e) {
      mark.close();
      throw new StoreRefusedException(
          "Two copies of holdfast-local in one JVM use "
              + folder
              + ": load the library once, in a class loader that both share",
          e);
    } catch (IOException e) {
      mark.close();
      throw e;
    }
  }

  /** Frees what the user's claims still have. A second call does nothing. */
  void leave(Object user) throws IOException {
    OPENING.lock();
    lock.lock();
    try {
      if (!users.remove(user)) {
        return;
      }
      for (Held one : Set.copyOf(held.values())) {
        if (one.user() == user) {
          held.remove(one.claim().name());
          one.file().close();
        }
      }
      if (users.isEmpty()) {
        OPEN.values().remove(this);
        mark.close();
      }
    } finally {
      lock.unlock();
      OPENING.unlock();
    }
  }

  private void checkUser(Object user) {
    if (!users.contains(user)) {
      throw new BackendException("These locks are closed");
    }
  }

  /**
   * Before a file is opened: a folder that took this one's place has its own {@link LockFolder}.
   */
  private void checkPlace() throws IOException {
    if (!Objects.equals(LockFile.identity(path), identity)) {
      throw new BackendException(path + " is another folder than before: connect anew");
    }
  }

  private Path lockPath(LockName name) {
    return path.resolve(FileNames.of(name) + ".lock");
  }

  private GrantFile grants(LockName name) {
    return new GrantFile(path.resolve(FileNames.of(name) + ".token"));
  }

  /** The lock if this JVM has it; one whose file somebody deleted is given up. */
  private @Nullable Held living(LockName name) throws IOException {
    Held present = held.get(name);
    if (present != null && !present.file().isStillOurs()) {
      held.remove(name);
      present.file().close();
      return null;
    }
    return present;
  }

  Attempt ask(Object user, Ask ask) throws IOException {
    LockName name = ask.claim().name();
    lock.lock();
    try {
      checkUser(user);
      Held present = living(name);
      if (present != null) {
        return present.isOf(ask.claim()) ? granted(present.grant(), ask) : HELD;
      }
      checkPlace();
      Optional<LockFile> taken = LockFile.take(lockPath(name));
      return taken.isPresent() ? grant(user, ask, taken.get()) : HELD;
    } finally {
      lock.unlock();
    }
  }

  private Attempt grant(Object user, Ask ask, LockFile file) throws IOException {
    Claim claim = ask.claim();
    boolean isGranted = false;
    try {
      GrantFile grants = grants(claim.name());
      Optional<Grant> last = grants.read();
      Duration kept = last.map(this::keptFor).orElse(Duration.ZERO);
      if (!kept.isZero()) {
        return new Attempt.Refused(kept, OptionalInt.empty());
      }
      long now = Mint.micros(clock);
      long first = Mint.next(ask, last.map(Grant::lastToken).orElse(0L), now);
      Grant grant = new Grant(first, ask.span(), 0, claim.label());
      // Others come back from the clock: no host is up again in less.
      boolean isAhead = grant.lastToken() - now > BACK_FROM_A_CRASH.toNanos() / 1_000;
      grants.write(grant, isAhead);
      held.put(claim.name(), new Held(claim, user, grant, file));
      isGranted = true;
      return granted(grant, ask);
    } finally {
      if (!isGranted) {
        file.close();
      }
    }
  }

  /** The process keeps the lock as long as it lives; how long that is to count, the engine says. */
  private static Attempt granted(Grant grant, Ask ask) {
    return new Attempt.Granted(grant.firstToken(), grant.span(), ask.leaseFor());
  }

  private Duration keptFor(Grant grant) {
    return Duration.ofMillis(Math.max(0, grant.keptUntil() - clock.millis()));
  }

  Renewal renew(Claim claim, Duration leaseFor) throws IOException {
    lock.lock();
    try {
      Held present = living(claim.name());
      return present != null && present.isOf(claim)
          ? new Renewal.Renewed(leaseFor)
          : new Renewal.Gone();
    } finally {
      lock.unlock();
    }
  }

  Release release(Claim claim, Duration keepFor) throws IOException {
    lock.lock();
    try {
      Held present = living(claim.name());
      if (present == null || !present.isOf(claim)) {
        return Release.GONE;
      }
      if (!keepFor.isZero()) {
        long keptUntil = clock.millis() + keepFor.plusNanos(999_999).toMillis();
        grants(claim.name()).write(present.grant().keptUntil(keptUntil), true);
      }
      held.remove(claim.name());
      present.file().close();
    } finally {
      lock.unlock();
    }
    watchers.tell(claim.name());
    return Release.RELEASED;
  }

  Watch watch(LockName name, Runnable mayBeFree) {
    return watchers.add(name, mayBeFree);
  }

  Inspection inspect(Object user, LockName name) throws IOException {
    lock.lock();
    try {
      checkUser(user);
      checkPlace();
      Optional<Grant> last = grants(name).read();
      Duration kept = last.map(this::keptFor).orElse(Duration.ZERO);
      boolean isHeld = living(name) != null || LockFile.isTakenElsewhere(lockPath(name));
      Optional<Inspection.Holder> holder =
          isHeld || !kept.isZero()
              ? Optional.of(holder(last, isHeld ? Optional.empty() : Optional.of(kept)))
              : Optional.empty();
      return new Inspection(name, holder, OptionalInt.empty());
    } finally {
      lock.unlock();
    }
  }

  private static Inspection.Holder holder(Optional<Grant> grant, Optional<Duration> remaining) {
    return new Inspection.Holder(
        grant.map(Grant::label).orElse("unknown (the .token file is gone)"),
        grant.map(one -> OptionalLong.of(one.firstToken())).orElse(OptionalLong.empty()),
        remaining);
  }
}
