package io.holdfast.local;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.holdfast.StoreRefusedException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * What is known of a name beside its lock: the last grant. Written by whoever has the lock, read by
 * anyone.
 *
 * <p>Two places, each a line of ASCII with its checksum, are written by turns, so that a write that
 * was cut short leaves the one before it. They are a block apart, because a disk that loses its
 * power may spoil a whole block. Everything that has been answered is in the system's memory, which
 * a killed process cannot take away; what a power failure must not take away either is forced to
 * the disk.
 *
 * <p>Not through a {@link FileChannel}: an interrupt in the midst of its use would close it.
 */
final class GrantFile {

  private static final int BLOCK = 4_096;
  private static final int LENGTH = 256;
  private static final Pattern GRANT =
      Pattern.compile("([0-9]{1,16}) ([0-9]{1,2}) ([0-9]{1,16}) \\|(.*)\\|");

  /**
   * A grant.
   *
   * @param firstToken its first token
   * @param span how many it has
   * @param keptUntil until when the lock stays taken although it was released, in milliseconds
   *     since 1970; 0 if it does not
   * @param label who got it
   */
  record Grant(long firstToken, int span, long keptUntil, String label) {
    long lastToken() {
      return firstToken + span - 1;
    }

    Grant keptUntil(long millis) {
      return new Grant(firstToken, span, millis, label);
    }
  }

  private record Placed(long position, Grant grant) {}

  private static final Comparator<Placed> OLDEST_FIRST =
      Comparator.comparingLong((Placed placed) -> placed.grant().lastToken())
          .thenComparingLong(placed -> placed.grant().keptUntil());

  private final Path path;

  GrantFile(Path path) {
    this.path = path;
  }

  /** The last grant that was written whole; empty if there is none. */
  Optional<Grant> read() throws IOException {
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      return newest(file).map(Placed::grant);
    }
  }

  /** Writes a grant into the place that is not the newest one's. */
  void write(Grant grant, boolean forced) throws IOException {
    boolean isNew = !Files.exists(path);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(newest(file).map(Placed::position).orElse((long) BLOCK) == 0 ? BLOCK : 0);
      file.write(line(grant));
      if (forced) {
        file.getFD().sync();
      }
    }
    if (forced && isNew) {
      forceNameOf(path);
    }
  }

  /** A file whose name is lost is lost, too. */
  private static void forceNameOf(Path path) throws IOException {
    Path folder = path.getParent();
    if (folder == null) {
      throw new NoSuchFileException(path.toString());
    }
    boolean isInterrupted = Thread.interrupted(); // the channel would not work
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Optional<Placed> newest(RandomAccessFile file) throws IOException {
    return Stream.concat(at(file, 0).stream(), at(file, BLOCK).stream()).max(OLDEST_FIRST);
  }

  /**
   * The grant in one of the places; empty if its checksum is not right.
   *
   * @throws StoreRefusedException if its checksum is right and it is none all the same
   */
  private Optional<Placed> at(RandomAccessFile file, long position) throws IOException {
    if (file.length() < position + LENGTH) {
      return Optional.empty();
    }
    byte[] bytes = new byte[LENGTH];
    file.seek(position);
    file.readFully(bytes);
    String line = new String(bytes, US_ASCII).strip();
    int end = line.indexOf(' ');
    if (end < 0 || !line.substring(0, end).equals(checksum(line.substring(end + 1)))) {
      return Optional.empty();
    }
    Matcher words = GRANT.matcher(line.substring(end + 1));
    if (!words.matches()) {
      throw new StoreRefusedException(
          "The file " + path + " holds no grant: delete it, and tokens go on from the clock");
    }
    Grant grant =
        new Grant(
            Long.parseLong(words.group(1)),
            Integer.parseInt(words.group(2)),
            Long.parseLong(words.group(3)),
            words.group(4));
    return Optional.of(new Placed(position, grant));
  }

  private static byte[] line(Grant grant) {
    String numbers = grant.firstToken() + " " + grant.span() + " " + grant.keptUntil();
    String text = numbers + " |" + grant.label() + "|"; // a label may end with spaces
    String line = checksum(text) + " " + text;
    return (line + " ".repeat(LENGTH - 1 - line.length()) + "\n").getBytes(US_ASCII);
  }

  private static String checksum(String text) {
    CRC32 sum = new CRC32();
    sum.update(text.getBytes(US_ASCII));
    return HexFormat.of().toHexDigits((int) sum.getValue());
  }
}
