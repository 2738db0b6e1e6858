package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/**
 * The witness outside the database: a file with the id of each acknowledged report, a line each,
 * written after its transaction has committed and before anybody else is told. Appended to, so one
 * file may witness many runs. Thread-safe.
 */
final class AckFile implements Closeable {

  private static final int ID_DIGITS = 32;
  private static final Pattern HEXADECIMAL = Pattern.compile("[0-9a-f]*");

  private final ReentrantLock lock = new ReentrantLock();
  private final OutputStream out;

  private AckFile(OutputStream out) {
    this.out = out;
  }

  static AckFile appendTo(Path file) {
    try {
      OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (isTorn(file)) {
        out.write('\n');
      }
      return new AckFile(out);
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.CANNOT_WRITE, "--acks: cannot write to " + file + ": " + reason(e));
    }
  }

  /** Whether the last line was not written whole, as when the disk was full. */
  private static boolean isTorn(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) == 0) {
      return false;
    }
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      channel.position(channel.size() - 1).read(last);
      return last.get(0) != '\n';
    }
  }

  /** Each id on a line of its own, in one write. */
  void write(Iterable<String> ids) throws IOException {
    StringBuilder lines = new StringBuilder();
    ids.forEach(id -> lines.append(id).append('\n'));
    lock.lock();
    try {
      out.write(lines.toString().getBytes(US_ASCII));
      out.flush();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /**
   * The ids in a file. A line that is the beginning of one was never written whole, and is none;
   * neither is a last line without its end.
   *
   * @throws CmdbException while it is read, if something else is in it
   */
  static Iterator<String> read(BufferedReader reader, Path file) {
    return new Iterator<>() {
      private long line;
      private Optional<String> next = id();

      private Optional<String> id() {
        Optional<String> text = line();
        while (text.isPresent() && text.get().length() < ID_DIGITS) {
          check(text.get());
          text = line();
        }
        text.ifPresent(this::check);
        return text;
      }

      private void check(String text) {
        if (text.length() > ID_DIGITS || !HEXADECIMAL.matcher(text).matches()) {
          throw new CmdbException(
              CmdbException.NO_INPUT,
              "--acks: " + file + ":" + line + " is no id of a report; is it such a file?");
        }
      }

      private Optional<String> line() {
        StringBuilder text = new StringBuilder();
        try {
          line++;
          int each = reader.read();
          while (each != '\n' && text.length() <= ID_DIGITS) {
            if (each < 0) {
              return Optional.empty();
            }
            text.append((char) each);
            each = reader.read();
          }
          return Optional.of(text.toString());
        } catch (IOException e) {
          throw new CmdbException(
              CmdbException.NO_INPUT, "--acks: cannot read " + file + ": " + reason(e));
        }
      }

      @Override
      public boolean hasNext() {
        return next.isPresent();
      }

      @Override
      public String next() {
        String id = next.orElseThrow(NoSuchElementException::new);
        next = id();
        return id;
      }
    };
  }

  static String reason(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
