package io.holdfast.cmdb.report;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * The lines of a stream as bytes. A line that is too long is skipped in constant memory. A line is
 * answered as soon as its end has arrived. Not thread-safe.
 */
final class Lines implements Closeable {

  private final InputStream in;
  private final int longest;
  private final byte[] buffer = new byte[64 * 1024];
  private int next;
  private int end;
  private int number;
  private boolean tooLong;

  Lines(InputStream in, int longest) {
    this.in = in;
    this.longest = longest;
  }

  /** The next line without its end, or its beginning if it is too long; empty at the end. */
  Optional<byte[]> next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    boolean begun = false;
    tooLong = false;
    while (next < end || fill()) {
      begun = true;
      int stop = next;
      while (stop < end && buffer[stop] != '\n') {
        stop++;
      }
      int room = longest - line.size();
      line.write(buffer, next, Math.min(room, stop - next));
      tooLong |= stop - next > room;
      boolean whole = stop < end;
      next = whole ? stop + 1 : stop;
      if (whole) {
        break;
      }
    }
    if (!begun) {
      return Optional.empty();
    }
    number++;
    return Optional.of(line.toByteArray());
  }

  /** The number of the last line, from 1; 0 before the first. */
  int number() {
    return number;
  }

  /** Whether the last line was longer than the limit. */
  boolean wasTooLong() {
    return tooLong;
  }

  private boolean fill() throws IOException {
    next = 0;
    end = 0;
    int read = in.read(buffer);
    end = Math.max(read, 0);
    return read > 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
