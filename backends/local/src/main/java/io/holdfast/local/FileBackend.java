package io.holdfast.local;

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
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Locks of the operating system on files of one folder, between the processes of one host.
 *
 * <p>Every question is answered before its method returns: it is a handful of system calls on a
 * local file system, which take less time than handing it to another thread. {@link FolderCheck}
 * refuses the file systems on which they could take long. Thread-safe.
 */
final class FileBackend implements LockBackend, Inspectable {

  private static final Guarantees GUARANTEES =
      new Guarantees(
          "files of one host",
          false,
          Guarantees.TokenSource.STORE_CLOCK,
          true,
          false,
          false,
          Duration.ZERO,
          false, // between processes; within one there are hints
          Optional.empty(),
          true);

  private final Path path;
  private final Object user = new Object();
  private final LockFolder folder;

  private FileBackend(Path path, Clock clock) throws IOException {
    this.path = path;
    this.folder = LockFolder.enter(path, user, clock);
  }

  static FileBackend open(Path path) {
    return open(path, Clock.systemUTC());
  }

  static FileBackend open(Path path, Clock clock) {
    try {
      return new FileBackend(path, clock);
    } catch (IOException e) {
      throw FileFailure.of(path, e);
    }
  }

  @FunctionalInterface
  private interface Question<A> {
    A ask() throws IOException;
  }

  private <A> CompletionStage<A> answer(Question<A> question) {
    try {
      return CompletableFuture.completedFuture(question.ask());
    } catch (IOException e) {
      return CompletableFuture.failedFuture(FileFailure.of(path, e));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    return answer(() -> folder.ask(user, ask));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    return answer(() -> folder.renew(claim, leaseFor));
  }

  /** What was not used of a span is not given back: it is less than the clock has moved on. */
  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    return answer(() -> folder.release(claim, keepFor));
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return answer(() -> folder.inspect(user, name));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return folder.watch(claim.name(), mayBeFree);
  }

  @Override
  public Guarantees guarantees() {
    return GUARANTEES;
  }

  /** Frees what its claims still have, as the end of the process would. */
  @Override
  public void close() {
    try {
      folder.leave(user);
    } catch (IOException e) {
      throw FileFailure.of(path, e);
    }
  }
}
