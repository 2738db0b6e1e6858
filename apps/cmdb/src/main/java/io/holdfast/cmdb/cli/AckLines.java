package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.DeadLetter;
import io.holdfast.cmdb.report.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** The answers to who streams: a line of JSON on stdout for each report. Thread-safe. */
final class AckLines {

  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong tags = new AtomicLong();
  private final PrintWriter out;
  private final boolean wanted;

  AckLines(PrintWriter out, boolean wanted) {
    this.out = out;
    this.wanted = wanted;
  }

  boolean isWanted() {
    return wanted;
  }

  /** Counts what was acknowledged, for whoever shows progress. */
  AtomicLong acknowledged() {
    return acknowledged;
  }

  /** A number that no other report has, and from which the line can be told. */
  long tag(int line) {
    return tags.getAndIncrement() << Integer.SIZE | line;
  }

  void acknowledged(long tag, String report, String status, String machine, long version)
      throws IOException {
    acknowledged.incrementAndGet();
    if (wanted) {
      ObjectNode node = Json.OWN.createObjectNode();
      node.put("line", (int) tag);
      node.put("status", status.toLowerCase(Locale.ROOT));
      node.put("report", report);
      node.put("machine", machine);
      node.put("version", version);
      print(node);
    }
  }

  void dead(DeadLetter letter) throws IOException {
    if (wanted) {
      ObjectNode node = Json.OWN.createObjectNode();
      node.put("line", letter.origin().line());
      node.put("status", "dead");
      node.put("fault", letter.fault().label());
      node.put("reason", letter.reason());
      print(node);
    }
  }

  /** A writer of this kind keeps its failures to itself until it is asked. */
  private void print(ObjectNode node) throws IOException {
    lock.lock();
    try {
      out.println(node);
      if (out.checkError()) {
        throw new IOException("nobody takes what is written to stdout, or there is no room");
      }
    } finally {
      lock.unlock();
    }
  }
}
