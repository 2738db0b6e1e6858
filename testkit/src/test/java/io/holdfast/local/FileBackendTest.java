package io.holdfast.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is particular to files, within one JVM. */
class FileBackendTest {

  private static final Duration LONG = Duration.ofMinutes(10);
  private static final LockName NAME = new LockName("a");

  @TempDir private Path folder;

  private static <A> A now(CompletionStage<A> answer) {
    return answer.toCompletableFuture().join();
  }

  private static Attempt ask(LockBackend backend, Claim claim, long above) {
    return now(backend.ask(new Ask(claim, LONG, false, 1, above)));
  }

  private static Attempt ask(LockBackend backend, Claim claim) {
    return ask(backend, claim, 0);
  }

  private static long token(Attempt attempt) {
    return ((Attempt.Granted) attempt).firstToken();
  }

  private static Claim claim(String label) {
    return Claim.on(NAME, label);
  }

  @Test
  void anInterruptedThreadAsksRenewsAndReleasesAndKeepsItsFlag() {
    try (LockBackend backend = FileBackend.open(folder)) {
      Claim claim = claim("interrupted");
      Thread.currentThread().interrupt();
      long above = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) + 60_000_000;
      Attempt attempt = ask(backend, claim, above);
      Renewal renewal = now(backend.renew(claim, LONG));
      Attempt another = ask(backend, claim("another"));
      Release release = now(backend.release(claim, 0, Duration.ofMillis(1)));
      assertThat(Thread.interrupted()).isTrue();

      assertThat(token(attempt)).isEqualTo(above + 1);
      assertThat(renewal).isInstanceOf(Renewal.Renewed.class);
      assertThat(another).isInstanceOf(Attempt.Refused.class);
      assertThat(release).isEqualTo(Release.RELEASED);
    }
  }

  @Test
  void aClosedBackendFreesWhatItsClaimsHaveAndNothingElse() {
    LockBackend closing = FileBackend.open(folder);
    try (LockBackend staying = FileBackend.open(folder)) {
      LockName other = new LockName("b");
      ask(closing, claim("closing"));
      Claim mine = Claim.on(other, "staying");
      ask(staying, mine);
      closing.close();
      closing.close();
      assertThat(ask(staying, claim("next"))).isInstanceOf(Attempt.Granted.class);
      assertThat(now(staying.renew(mine, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThatThrownBy(() -> ask(closing, claim("late")))
          .hasCauseInstanceOf(BackendException.class);
    }
  }

  @Test
  void tokensOutliveTheBackendsAndAClockThatIsSetBack() {
    Instant noon = Instant.parse("2026-11-28T12:00:00Z");
    long before;
    try (LockBackend backend = FileBackend.open(folder, Clock.fixed(noon, ZoneOffset.UTC))) {
      Claim claim = claim("before");
      before = token(ask(backend, claim));
      assertThat(before).isEqualTo(ChronoUnit.MICROS.between(Instant.EPOCH, noon));
    }
    Clock earlier = Clock.fixed(noon.minusSeconds(60), ZoneOffset.UTC);
    try (LockBackend backend = FileBackend.open(folder, earlier)) {
      assertThat(token(ask(backend, claim("after")))).isEqualTo(before + 1);
    }
  }

  @Test
  void theClockIsTheFloorWhenTheTokenFileIsDeleted() throws IOException {
    try (LockBackend backend = FileBackend.open(folder)) {
      Claim claim = claim("first");
      long before = token(ask(backend, claim));
      now(backend.release(claim, 0, Duration.ZERO));
      Files.delete(folder.resolve("a.token"));
      assertThat(token(ask(backend, claim("second")))).isGreaterThan(before);
    }
  }

  @Test
  void aLockFileThatIsReplacedIsNoMoreOurs() throws IOException {
    try (LockBackend backend = FileBackend.open(folder)) {
      Claim claim = claim("first");
      ask(backend, claim);
      Files.delete(folder.resolve("a.lock"));
      Files.createFile(folder.resolve("a.lock"));
      assertThat(now(backend.renew(claim, LONG))).isInstanceOf(Renewal.Gone.class);
    }
  }

  @Test
  void aFolderThatIsReplacedIsAnotherOne() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("inner"));
    try (LockBackend before = FileBackend.open(inner)) {
      ask(before, claim("before"));
      Files.move(inner, folder.resolve("moved"));
      Files.createDirectory(inner);
      try (LockBackend after = FileBackend.open(inner)) {
        Claim claim = claim("after");
        assertThat(ask(after, claim)).isInstanceOf(Attempt.Granted.class);
        assertThatThrownBy(() -> ask(before, claim("late")))
            .hasCauseInstanceOf(BackendException.class)
            .hasMessageContaining("connect anew");
        assertThat(now(after.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
      }
    }
  }

  @Test
  void twoWaysToOneFolderAreOneFolder() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
    try (LockBackend one = FileBackend.open(folder);
        LockBackend other = FileBackend.open(link)) {
      ask(one, claim("one"));
      assertThat(ask(other, claim("other"))).isInstanceOf(Attempt.Refused.class);
    }
  }

  @Test
  void waitersOfThisJvmHearOfARelease() {
    try (LockBackend backend = FileBackend.open(folder)) {
      Claim claim = claim("first");
      ask(backend, claim);
      AtomicInteger hints = new AtomicInteger();
      try (var watch = backend.watch(claim("second"), hints::incrementAndGet)) {
        int before = hints.get();
        now(backend.release(claim, 0, Duration.ZERO));
        assertThat(hints.get()).isGreaterThan(before);
      }
    }
  }

  @Test
  void nothingButTheLockFilesIsLeft() throws IOException {
    try (LockBackend backend = FileBackend.open(folder)) {
      Claim claim = claim("first");
      ask(backend, claim);
      now(backend.release(claim, 0, Duration.ZERO));
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(".holdfast", "a.lock", "a.token");
    }
  }

  /** One of its own that knows nothing of our locks, as in a container of web applications. */
  @Test
  void aSecondCopyOfTheLibraryInOneJvmIsRefusedAndFreesNothing() throws Exception {
    Path classes =
        Path.of(FileBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (LockBackend backend = FileBackend.open(folder);
        URLClassLoader copies = new Copies(classes.toUri().toURL())) {
      Class<?> copy = copies.loadClass(FileBackend.class.getName());
      assertThat(copy).isNotSameAs(FileBackend.class);
      var open = copy.getDeclaredMethod("open", Path.class);
      open.setAccessible(true);
      assertThatThrownBy(() -> open.invoke(null, folder))
          .hasCauseInstanceOf(StoreRefusedException.class)
          .cause()
          .hasMessageContaining("load the library once");
      assertThat(ask(backend, claim("first"))).isInstanceOf(Attempt.Granted.class);
    }
  }

  /** Loads only the backend anew. */
  private static final class Copies extends URLClassLoader {
    Copies(URL classes) {
      super(new URL[] {classes}, FileBackendTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.holdfast.local.")) {
        return super.loadClass(name, resolve);
      }
      Class<?> known = findLoadedClass(name);
      return known == null ? findClass(name) : known;
    }
  }

  private static void refused(String url, String... words) {
    assertThatThrownBy(() -> Locks.connect(url).close())
        .isInstanceOf(StoreRefusedException.class)
        .message()
        .contains(words)
        .doesNotContain("\n");
    assertThat(Locks.examine(url, LocksConfig.DEFAULTS))
        .filteredOn(finding -> finding.level() == Finding.Level.REFUSED)
        .singleElement()
        .satisfies(finding -> assertThat(finding.found() + ": " + finding.cure()).contains(words));
  }

  @Test
  void anotherExaminationLeavesNoFurtherFiles() throws IOException {
    String url = folder.toUri().toString();
    Locks.examine(url, LocksConfig.DEFAULTS);
    List<Path> once = files();
    Locks.examine(url, LocksConfig.DEFAULTS);
    assertThat(files()).isEqualTo(once);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.sorted().toList();
    }
  }

  @Test
  void aFolderThatIsNotThereIsRefused() {
    refused(folder.resolve("missing").toUri().toString(), "missing is not there", "create it");
  }

  @Test
  void whatIsNoFolderIsRefused() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    refused(file.toUri().toString(), "file is no folder");
  }

  @Test
  void aFolderThatTakesNoFilesIsRefused() throws IOException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    assertThat(closed.toFile().setWritable(false)).isTrue();
    Path readOnly = Files.isWritable(closed) ? Path.of("/sys") : closed; // root may do anything
    assumeThat(readOnly).isDirectory();
    refused("file:" + readOnly, "No lock in " + readOnly, "let this user write");
  }

  @Test
  void aFolderWhosePathLeavesNoRoomForNamesIsRefused() throws IOException {
    Path deep = folder;
    List<Path> made = new ArrayList<>();
    while (deep.toString().length() < 3_850) {
      deep = deep.resolve("d".repeat(Math.min(200, 3_860 - deep.toString().length())));
      made.add(Files.createDirectory(deep));
    }
    refused("file:" + deep, "too long");
    made.sort(Comparator.reverseOrder());
    for (Path one : made) {
      Files.delete(one);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nfs", "nfs4", "cifs", "SMB3", "fuse.sshfs", "macfuse", "9p", "virtiofs"})
  void aNetworkFileSystemIsRefused(String type) {
    assertThat(FolderCheck.fileSystem(folder, type).level()).isEqualTo(Finding.Level.REFUSED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk"})
  void aLocalFileSystemIsNot(String type) {
    assertThat(FolderCheck.fileSystem(folder, type).level()).isEqualTo(Finding.Level.OK);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"file:", "file:x", "file://host/x", "file:/x?y=z", "file:/x#y", "file:/a b"})
  void anotherUrlIsMalformed(String url) {
    assertThatThrownBy(() -> Locks.connect(url).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("file:/FOLDER");
  }

  @Test
  void aFolderWithASpaceIsPercentEncoded() throws IOException {
    Path spaced = Files.createDirectory(folder.resolve("a b"));
    Locks.connect("file:" + folder + "/a%20b").close();
    assertThat(spaced.resolve(".holdfast")).exists();
  }

  @Test
  void theFolderIsFoundToBeInOrder() {
    assertThat(Locks.examine(folder.toUri().toString(), LocksConfig.DEFAULTS))
        .extracting(Finding::level)
        .containsOnly(Finding.Level.OK);
  }
}
