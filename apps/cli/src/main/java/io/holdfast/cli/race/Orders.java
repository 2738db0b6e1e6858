package io.holdfast.cli.race;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What the parent says to a worker, line by line, words apart by tabs. When the parent is gone the
 * worker ends at once, whatever it is in the middle of.
 */
final class Orders {

  private final BlockingQueue<List<String>> lines = new LinkedBlockingQueue<>();

  static Orders from(InputStream in) {
    Orders orders = new Orders();
    Thread reader = new Thread(() -> orders.read(in), "race-orders");
    reader.setDaemon(true);
    reader.start();
    return orders;
  }

  private void read(InputStream in) {
    try (BufferedReader reader = new BufferedReader(new InputStreamReader(in, UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(List.of(line.split("\t", -1)));
      }
    } catch (IOException e) {
      // As good as an end.
    }
    Runtime.getRuntime().halt(0);
  }

  List<String> next() throws InterruptedException {
    return lines.take();
  }

  /** The next order has to be this one. */
  List<String> next(String first) throws InterruptedException {
    List<String> order = next();
    if (!order.get(0).equals(first)) {
      throw new IllegalStateException("was to be told " + first + ", not " + order.get(0));
    }
    return order;
  }
}
