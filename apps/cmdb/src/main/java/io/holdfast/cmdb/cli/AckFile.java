package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The witness outside the database: a file with the id of each acknowledged report, a line each,
 * written after its transaction has committed and before anybody else is told. Appended to, so one
 * file may witness many runs. Thread-safe.
 */
final class AckFile implements Closeable {

  private final ReentrantLock lock = new ReentrantLock();
  private final OutputStream out;

  private AckFile(OutputStream out) {
    this.out = out;
  }

  static AckFile appendTo(Path file) {
    try {
      return new AckFile(
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.CANNOT_WRITE, "--acks: cannot write to " + file + ": " + reason(e));
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

  /** The ids in a file; a last line without its end was never written whole, and is none. */
  static Iterator<String> read(BufferedReader reader) {
    return new Iterator<>() {
      private Optional<String> next = line();

      private Optional<String> line() {
        try {
          String line = reader.readLine();
          while (line != null && line.isBlank()) {
            line = reader.readLine();
          }
          return Optional.ofNullable(line).map(String::strip);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      public boolean hasNext() {
        return next.isPresent();
      }

      @Override
      public String next() {
        String id = next.orElseThrow();
        next = line();
        return id;
      }
    };
  }

  static String reason(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
