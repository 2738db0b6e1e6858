package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.testkit.RealTime;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lanes with questions of the test's, over connections to an H2 in this JVM. */
class LanesTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  private final String url = "jdbc:h2:mem:" + UUID.randomUUID();
  private final String name = "lane-of-" + UUID.randomUUID();
  private final RealTime time = new RealTime();
  private final AtomicBoolean isDead = new AtomicBoolean();
  private final AtomicBoolean isBroken = new AtomicBoolean();
  private final List<Integer> trials = new CopyOnWriteArrayList<>();
  private final AtomicInteger usualLimit = new AtomicInteger();
  private final List<Integer> limits = new CopyOnWriteArrayList<>();
  private final AtomicInteger closes = new AtomicInteger();
  private CompletableFuture<Void> mayClose = CompletableFuture.completedFuture(null);
  private Lanes lanes = lanes(1, LONG);

  private Lanes lanes(int most, Duration spare) {
    return new Lanes(this::open, time, LONG, most, spare, name, "H2");
  }

  /** A connection that may be dead without a word, and whose end may take its time. */
  private Connection open() throws SQLException {
    Connection real = DriverManager.getConnection(url);
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "isValid" -> {
                  trials.add((Integer) arguments[0]);
                  failIfBroken();
                  return !isDead.get();
                }
                case "getNetworkTimeout" -> {
                  return usualLimit.get();
                }
                case "setNetworkTimeout" -> limits.add((Integer) arguments[1]);
                case "close" -> {
                  closes.incrementAndGet();
                  mayClose.join();
                  failIfBroken();
                }
                default -> {}
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void failIfBroken() {
    if (isBroken.get()) {
      throw new IllegalStateException("as no driver should");
    }
  }

  @AfterEach
  void close() {
    mayClose.complete(null);
    lanes.close();
  }

  private List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(name))
        .toList();
  }

  private void awaitAtRest(int threads) {
    await()
        .until(
            () ->
                threads().stream()
                        .filter(thread -> thread.getState() == Thread.State.TIMED_WAITING)
                        .count()
                    == threads);
  }

  /** A question that is under way until it is let go. */
  private final class Stay {
    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();
    private final CompletableFuture<Boolean> end = new CompletableFuture<>();
    private final CompletableFuture<Boolean> answer =
        lanes.run(
            connection -> {
              begun.complete(true);
              return end.join();
            });

    void end() throws Exception {
      end.complete(true);
      answer(answer);
    }
  }

  private Stay stay() throws Exception {
    Stay stay = new Stay();
    answer(stay.begun);
    return stay;
  }

  @Test
  void urgentQuestionsOvertakeThoseThatStandInLine() throws Exception {
    Stay inTheWay = stay();
    List<String> order = new CopyOnWriteArrayList<>();
    List<CompletableFuture<Boolean>> asked =
        List.of(
            lanes.run(connection -> order.add("first")),
            lanes.run(connection -> order.add("second")),
            lanes.urgently(connection -> order.add("urgent"), System::nanoTime, LONG),
            lanes.urgently(connection -> order.add("urgent, too"), System::nanoTime, LONG));
    inTheWay.end();
    for (CompletableFuture<Boolean> one : asked) {
      answer(one);
    }
    assertThat(order).containsExactly("urgent", "urgent, too", "first", "second");
  }

  @Test
  void questionIsTooOldOrNotWhenItsTurnComes() throws Exception {
    Stay inTheWay = stay();
    long now = time.nanoTime();
    AtomicLong since = new AtomicLong(now);
    CompletableFuture<Boolean> again = lanes.urgently(connection -> true, since::get, LONG);
    CompletableFuture<Boolean> once = lanes.urgently(connection -> true, () -> now, LONG);
    time.pass(LONG.multipliedBy(2));
    since.set(time.nanoTime());
    inTheWay.end();
    assertThat(answer(again)).isTrue();
    assertThatThrownBy(() -> answer(once)).hasMessageContaining("Not sent");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void laneThatTellsAnAnswerKeepsNoQuestionFromAnother(boolean isAskedBefore) throws Exception {
    lanes = lanes(2, LONG);
    Stay one = stay();
    Stay other = stay();
    CompletableFuture<Void> tells = new CompletableFuture<>();
    CompletableFuture<Void> hasHeard = new CompletableFuture<>();
    var unused =
        one.answer.thenRun(
            () -> {
              tells.complete(null);
              hasHeard.join();
            });
    CompletableFuture<Boolean> before =
        isAskedBefore ? lanes.run(connection -> true) : CompletableFuture.completedFuture(true);
    if (!isAskedBefore) {
      other.end();
      awaitAtRest(1);
    }
    one.end.complete(true);
    answer(tells);
    if (isAskedBefore) {
      other.end();
    }
    assertThat(answer(before)).isTrue();
    answer(lanes.run(connection -> true));
    hasHeard.complete(null);
  }

  @Test
  void oneLaneIsEnoughForWhoHearsAndAsksOn() throws Exception {
    lanes = lanes(8, LONG);
    CompletableFuture<Boolean> all = CompletableFuture.completedFuture(true);
    for (int i = 0; i < 100; i++) {
      all = all.thenCompose(done -> lanes.run(connection -> true));
    }
    answer(all);
    assertThat(threads()).hasSize(1);
  }

  @Test
  void ofConnectionsThatDiedAtRestOneCostsATrialAndNotEach() throws Exception {
    lanes = lanes(3, LONG);
    List<Stay> all = List.of(stay(), stay(), stay());
    for (Stay one : all) {
      one.end();
    }
    awaitAtRest(3);
    time.pass(Duration.ofSeconds(11));
    isDead.set(true);
    answer(lanes.run(connection -> true));
    assertThat(trials).as("for a second").containsExactly(1);
    await().until(() -> closes.get() == 3);
  }

  @Test
  void noQuestionWaitsForTheEndOfAConnectionThatDiedAtRest() throws Exception {
    lanes = lanes(2, LONG);
    mayClose = new CompletableFuture<>();
    answer(lanes.run(connection -> true));
    awaitAtRest(1);
    time.pass(Duration.ofSeconds(11));
    isDead.set(true);
    answer(lanes.run(connection -> true));
    assertThat(mayClose).isNotDone();
  }

  @ParameterizedTest
  @CsvSource({"0, 1000", "500, 500", "5000, 1000"})
  void trialNeverRaisesTheLimitOfAConnection(int usual, int ofTheTrial) throws Exception {
    usualLimit.set(usual);
    answer(lanes.run(connection -> true));
    awaitAtRest(1);
    time.pass(Duration.ofSeconds(11));
    answer(lanes.run(connection -> true));
    assertThat(limits).containsExactly(ofTheTrial, usual);
  }

  @Test
  void questionsOfADriverThatThrowsWhatItShouldNotAreAnswered() throws Exception {
    answer(lanes.run(connection -> true));
    awaitAtRest(1);
    time.pass(Duration.ofSeconds(11));
    isBroken.set(true);
    answer(lanes.run(connection -> true));
    CompletableFuture<Boolean> failing =
        lanes.run(
            connection -> {
              throw new SQLException("as the test wants it", "08006");
            });
    assertThatThrownBy(() -> answer(failing)).hasCauseInstanceOf(BackendException.class);
    assertThat(trials).hasSize(1);
    assertThat(closes).hasPositiveValue();
  }

  @Test
  void connectionThatIsAliveAfterARestIsUsedOn() throws Exception {
    answer(lanes.run(connection -> true));
    awaitAtRest(1);
    time.pass(Duration.ofSeconds(11));
    answer(lanes.run(connection -> true));
    answer(lanes.run(connection -> true));
    assertThat(trials).hasSize(1);
    assertThat(closes).hasValue(0);
  }

  @Test
  void ofSpareConnectionsTheLastStays() throws Exception {
    lanes = lanes(3, Duration.ofMillis(50));
    mayClose = new CompletableFuture<>();
    List<Stay> all = List.of(stay(), stay(), stay());
    for (Stay one : all) {
      one.end();
    }
    await().until(() -> closes.get() == 2);
    await()
        .during(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(30))
        .until(() -> closes.get() == 2);
    answer(lanes.run(connection -> true)); // while the others still end
  }

  @Test
  void whereNoneIsSparedNoneStays() throws Exception {
    lanes = lanes(1, Duration.ZERO);
    for (int i = 1; i <= 2; i++) {
      answer(lanes.run(connection -> true));
      await().until(() -> threads().isEmpty());
      assertThat(closes).hasValue(i);
    }
  }
}
