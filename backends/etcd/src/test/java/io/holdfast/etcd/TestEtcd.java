package io.holdfast.etcd;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.holdfast.BackendException;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedEtcd;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Claim;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.testkit.RealTime;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A real server, a client that never heard of Holdfast, and backends to try. */
final class TestEtcd implements AutoCloseable {

  /** So long that none is kept alive within a test, however slow the machine is. */
  static final Duration LEASE = Duration.ofMinutes(10);

  /** Longer than a machine stands still that has too much to do. */
  static final Duration PATIENT = Duration.ofSeconds(40);

  /** Real time, which nothing here has to be in charge of. */
  static final Time REAL = new RealTime();

  private final List<EtcdBackend> backends = new CopyOnWriteArrayList<>();
  private final EmbeddedEtcd server;
  private final Client plain;

  TestEtcd(String... flags) {
    server = EmbeddedEtcd.start(flags);
    plain = Client.builder().endpoints("http://127.0.0.1:" + server.port()).build();
  }

  EmbeddedEtcd server() {
    return server;
  }

  /** The plain client, with all rights. */
  Client plain() {
    return plain;
  }

  EtcdBackend open() {
    return open(server.url(), LEASE, PATIENT);
  }

  EtcdBackend open(String url, Duration leaseFor, Duration requestTimeout) {
    EtcdBackend backend =
        EtcdBackend.connect(EtcdUrl.parse(url), context(leaseFor, requestTimeout));
    backends.add(backend);
    return backend;
  }

  EtcdBackend open(Clock clock) {
    EtcdBackend backend =
        new EtcdBackend(EtcdUrl.parse(server.url()), context(LEASE, PATIENT), clock);
    backends.add(backend);
    return backend;
  }

  /** One that waits for no answer longer than a few seconds. Tried until its first one came. */
  EtcdBackend openImpatient() {
    return Awaitility.await()
        .atMost(PATIENT)
        .ignoreException(BackendException.class)
        .until(() -> open(server.url(), LEASE, Duration.ofSeconds(3)), backend -> true);
  }

  EtcdBackend open(Time time, Duration leaseFor) {
    StoreContext context = new StoreContext(time, PATIENT, leaseFor, warning -> {});
    EtcdBackend backend = EtcdBackend.connect(EtcdUrl.parse(server.url()), context);
    backends.add(backend);
    return backend;
  }

  static StoreContext context(Duration leaseFor, Duration requestTimeout) {
    return new StoreContext(REAL, requestTimeout, leaseFor, warning -> {});
  }

  /** Of locks that are patient with the store and with each other. */
  static LocksConfig config(Duration leaseFor) {
    return LocksConfig.DEFAULTS
        .requestTimeout(PATIENT)
        .options(LockOptions.DEFAULTS.leaseFor(leaseFor).waitAtMost(Duration.ofMinutes(2)));
  }

  /** All keys that begin so, each in words. */
  List<String> keys(String prefix) throws Exception {
    return entries(prefix).stream()
        .map(entry -> text(entry) + " is " + entry.getValue().toString(StandardCharsets.UTF_8))
        .toList();
  }

  List<KeyValue> entries(String prefix) throws Exception {
    return answer(
            plain.getKVClient().get(Keys.of(prefix), GetOption.builder().isPrefix(true).build()))
        .getKvs();
  }

  static String text(KeyValue entry) {
    return entry.getKey().toString(StandardCharsets.UTF_8);
  }

  void delete(String prefix) throws Exception {
    answer(
        plain.getKVClient().delete(Keys.of(prefix), DeleteOption.builder().isPrefix(true).build()));
  }

  /** The sum of what the server counts under a name, with labels that contain a text. */
  long counted(String metric, String labels) {
    String told =
        Awaitility.await().atMost(PATIENT).until(server::metrics, text -> !text.isEmpty());
    Matcher lines =
        Pattern.compile("(?m)^" + metric + "(?:\\{([^}]*)\\})? ([0-9.e+]+)$").matcher(told);
    double sum = 0;
    while (lines.find()) {
      if (Objects.requireNonNullElse(lines.group(1), "").contains(labels)) {
        sum += Double.parseDouble(lines.group(2));
      }
    }
    return (long) sum;
  }

  @Override
  public void close() {
    backends.forEach(EtcdBackend::close);
    plain.close();
    server.close();
  }

  static LockName newName() {
    return new LockName("test:" + UUID.randomUUID());
  }

  static Claim newClaim(LockName name) {
    return Claim.on(name, "a test");
  }

  static Ask trying(Claim claim) {
    return new Ask(claim, LEASE, false, 1, 0);
  }

  static Ask waiting(Claim claim) {
    return new Ask(claim, LEASE, true, 1, 0);
  }

  static <A> A answer(CompletionStage<A> question) throws Exception {
    return question.toCompletableFuture().get(60, TimeUnit.SECONDS);
  }
}
