package io.holdfast.local;

import io.holdfast.Inspection;
import io.holdfast.Lease;
import io.holdfast.LockException;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Another process with locks of its own in the same folder. It does as it is told, one by one. */
final class LockingJvm implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(100);

  private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
  private final ChildJvm process;

  private LockingJvm(Path folder, Duration leaseFor) {
    process =
        ChildJvm.start(
            LockingJvm.class,
            List.of(),
            List.of(folder.toUri().toString(), leaseFor.toString()),
            Map.of(),
            lines::add);
  }

  static LockingJvm start(Path folder, Duration leaseFor) throws InterruptedException {
    LockingJvm jvm = new LockingJvm(folder, leaseFor);
    jvm.answer();
    return jvm;
  }

  ChildJvm process() {
    return process;
  }

  /** Sends an order and waits for what comes of it. */
  String tell(String... words) throws IOException, InterruptedException {
    order(words);
    return answer();
  }

  void order(String... words) throws IOException {
    process.send(String.join(" ", words));
  }

  String answer() throws InterruptedException {
    Optional<String> line = lines.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    if (line == null || line.isEmpty()) {
      throw new AssertionError("no answer: " + process.lastWords());
    }
    return line.get();
  }

  @Override
  public void close() {
    process.close();
  }

  /** Arguments: the store, and how long its leases are. */
  public static void main(String[] args) throws IOException, InterruptedException {
    LockOptions options =
        LockOptions.DEFAULTS.leaseFor(Duration.parse(args[1])).waitAtMost(Duration.ofMinutes(1));
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    LocksConfig config =
        LocksConfig.DEFAULTS.options(options).requestTimeout(Duration.ofSeconds(60));
    try (Locks locks = Locks.connect(args[0], config)) {
      System.out.println("ready");
      Optional<Lease> lease = Optional.empty();
      for (String order; (order = orders.readLine()) != null; ) {
        String[] words = order.split(" ", -1);
        switch (words[0]) {
          case "try" -> {
            lease = locks.tryAcquire(words[1]);
            System.out.println(lease.map(one -> "" + one.token()).orElse("busy"));
          }
          case "held" -> System.out.println(lease.map(Lease::isHeld).orElse(false));
          case "release" -> {
            lease.ifPresent(LockingJvm::release);
            System.out.println("released");
          }
          case "who" -> {
            Inspection seen = locks.inspect(words[1]);
            System.out.println(seen.holder().map(one -> one.label()).orElse("free"));
          }
          case "count" -> {
            for (int i = 0; i < Integer.parseInt(words[3]); i++) {
              locks.withLease(words[1], one -> count(Path.of(words[2]), one.token()));
            }
            System.out.println("counted");
          }
          default -> throw new IllegalArgumentException(order);
        }
      }
    }
  }

  private static void release(Lease lease) {
    try {
      lease.close();
    } catch (LockException lost) {
      // What the test wanted.
    }
  }

  /** Reads, thinks and writes, as whoever updates a record; the tokens are its history. */
  private static void count(Path file, long token) {
    try {
      String read = Files.readString(file);
      Thread.onSpinWait();
      Files.writeString(file, read + token + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
