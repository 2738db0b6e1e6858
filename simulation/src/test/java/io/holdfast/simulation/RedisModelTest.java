package io.holdfast.simulation;

import static io.holdfast.simulation.RealRedis.answer;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.simulation.Operation.Acquire;
import io.holdfast.simulation.Operation.Keys;
import io.holdfast.simulation.Operation.Pass;
import io.holdfast.simulation.Operation.Release;
import io.holdfast.simulation.Operation.Renew;
import io.holdfast.simulation.Sequence.Answer;
import io.holdfast.simulation.Sequence.KeyState;
import io.holdfast.simulation.Sequence.Steps;
import io.lettuce.core.KeyValue;
import io.lettuce.core.SetArgs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The scripts on a real server and their model, side by side. Not exact: which of two instants less
 * than a millisecond apart decides that a token is too far ahead.
 */
class RedisModelTest {

  private static final int SEQUENCES = 2_500;
  private static final int MANY_SEQUENCES = 10_000;
  private static final int AT_ONCE = 250;
  private static final int OPERATIONS = 20;
  private static final int SEQUENCES_TO_CATCH = 250;

  private static RealRedis redis;

  @BeforeAll
  static void startServer() {
    redis = new RealRedis();
  }

  @AfterAll
  static void stopServer() {
    redis.close();
  }

  /** Replies by their first word, over all sequences. */
  private final Map<String, Integer> replies = new HashMap<>();

  @Test
  void theModelAnswersAsTheScriptsAndLeavesTheSameKeys() throws Exception {
    Long alone = Long.getLong("model.seed");
    if (alone != null) {
      assertThat(compare(alone, alone + 1, Operation::on)).isEmpty();
      return;
    }
    compareAll(0, SEQUENCES);
    assertThat(replies.keySet())
        .containsExactlyInAnyOrder(
            "granted",
            "refused",
            "forever",
            "counter",
            "ahead",
            "renewed",
            "released",
            "gone",
            "free",
            "held",
            "foreign");
    assertThat(replies.values()).allMatch(count -> count > 25, "each often enough to tell");
  }

  @Test
  @Tag("slow")
  void theModelAnswersAsTheScriptsInManySequences() throws Exception {
    compareAll(SEQUENCES, MANY_SEQUENCES);
  }

  private void compareAll(long from, long to) throws Exception {
    for (long seed = from; seed < to; seed += AT_ONCE) {
      assertThat(compare(seed, seed + AT_ONCE, Operation::on)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aModelThatIsWrongIsFound(Wrong model) throws Exception {
    assertThat(compare(0, SEQUENCES_TO_CATCH, model)).isPresent();
  }

  @Test
  void aKeyIsThereInTheMillisecondInWhichItEnds() throws Exception {
    boolean seenInIt = false;
    boolean seenAfterIt = false;
    while (!seenInIt || !seenAfterIt) {
      CompletionStage<Long> start = redis.time();
      redis.flush();
      long now = answer(start);
      long end = now / 1_000 + 20;
      RedisModel model = new RedisModel(() -> end * 1_000);
      model.set("ends", "", 0);
      CompletionStage<String> set = redis.commands().set("ends", "", SetArgs.Builder.pxAt(end));
      while (now / 1_000 <= end + 1) {
        List<CompletionStage<Long>> times = new ArrayList<>(List.of(redis.time()));
        List<CompletionStage<String>> values = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
          values.add(redis.commands().get("ends"));
          times.add(redis.time());
        }
        redis.flush();
        for (int i = 0; i < values.size(); i++) {
          long before = answer(times.get(i));
          now = answer(times.get(i + 1));
          if (before / 1_000 == now / 1_000) {
            boolean present = answer(values.get(i)) != null;
            assertThat(present).isEqualTo(model.copy(() -> before).get("ends").isPresent());
            seenInIt |= before / 1_000 == end;
            seenAfterIt |= before / 1_000 == end + 1;
          }
        }
      }
      answer(set);
    }
  }

  @Test
  void aClockSetForwardEndsLeases() {
    long[] clock = {1_000_000_000};
    RedisModel model = new RedisModel(() -> clock[0]);
    model.acquire("l", "c", "one", "", 30_000, 1, 0);

    clock[0] += 30_000_999;
    assertThat(model.acquire("l", "c", "two", "", 30_000, 1, 0)).containsExactly("refused", 1L);
    clock[0] += 1;
    assertThat(model.acquire("l", "c", "two", "", 30_000, 1, 0)).contains("granted");
  }

  @Test
  void aCopyGoesOnByItselfOnItsOwnClock() {
    RedisModel master = new RedisModel(() -> 1_000_000_000);
    master.set("ends", "1", 10);
    master.set("stays", "1", -1);
    RedisModel replica = master.copy(() -> 1_000_010_999);
    RedisModel later = master.copy(() -> 1_000_011_000);
    master.flush();

    assertThat(master.keys()).isEmpty();
    assertThat(replica.keys()).containsExactlyInAnyOrder("ends", "stays");
    assertThat(replica.pttl("ends")).isZero();
    assertThat(later.keys()).containsExactly("stays");
    assertThat(later.pttl("ends")).isEqualTo(-2);
    assertThat(later.pttl("stays")).isEqualTo(-1);
    assertThat(replica.delete("stays")).isTrue();
    assertThat(replica.delete("stays")).isFalse();
  }

  @Test
  void aKeyIsCopiedWithItsEndOrItsAbsence() {
    RedisModel master = new RedisModel(() -> 1_000_000_000);
    master.set("a", "new", 10);
    RedisModel replica = new RedisModel(() -> 1_000_004_000);
    replica.set("a", "old", -1);
    replica.set("b", "old", -1);

    replica.copyKeyFrom(master, "a");
    replica.copyKeyFrom(master, "b");

    assertThat(replica.get("a")).hasValue("new");
    assertThat(replica.pttl("a")).isEqualTo(6);
    assertThat(replica.keys()).containsExactly("a");
  }

  @Test
  void onlyAReleaseThatFreesTheLockIsPublished() {
    List<String> told = new ArrayList<>();
    RedisModel model = new RedisModel(() -> 1_000_000_000);
    model.acquire("l", "c", "one", "", 30_000, 1, 0);

    model.release("l", "c", "two", 0, 0, () -> told.add("not its own"));
    model.release("l", "c", "one", 0, 1_000, () -> told.add("kept"));
    model.delete("l");
    model.acquire("l", "c", "two", "", 30_000, 1, 0);
    model.release("l", "c", "two", 0, 0, () -> told.add("free with " + model.keys()));

    assertThat(told).containsExactly("free with [c]");
  }

  /** Runs the sequences of these seeds at once; the first difference of each ends it. */
  private Optional<String> compare(long from, long to, Steps steps) throws Exception {
    CompletionStage<Long> start = redis.time();
    CompletionStage<String> empty = redis.commands().flushall();
    redis.flush();
    answer(empty);
    long now = answer(start);
    List<Sequence> sequences =
        LongStream.range(from, to).mapToObj(seed -> new Sequence(seed, steps, now)).toList();
    while (sequences.stream().anyMatch(sequence -> sequence.taken() < OPERATIONS)) {
      List<Operation> operations = sequences.stream().map(Sequence::next).toList();
      List<Answer> answers = send(sequences, operations);
      for (int i = 0; i < sequences.size(); i++) {
        List<Object> reply = answers.get(i).reply();
        if (!reply.isEmpty()) {
          replies.merge((String) reply.get(0), 1, Integer::sum);
        }
        Optional<String> difference = sequences.get(i).check(operations.get(i), answers.get(i));
        if (difference.isPresent()) {
          return difference;
        }
      }
    }
    return Optional.empty();
  }

  private record Sent(
      CompletionStage<Long> before,
      CompletionStage<List<Object>> reply,
      CompletionStage<Long> after,
      CompletionStage<List<KeyValue<String, String>>> values,
      CompletionStage<Long> lockLeft,
      CompletionStage<Long> counterLeft) {}

  /** All in one go; what ends one sequence's turn begins the next one's. */
  private static List<Answer> send(List<Sequence> sequences, List<Operation> operations)
      throws Exception {
    List<Sent> sent = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      Keys keys = sequences.get(i).keys();
      sent.add(
          new Sent(
              redis.time(),
              operations.get(i).on(redis, keys),
              redis.time(),
              redis.commands().mget(keys.lock(), keys.counter()),
              redis.commands().pttl(keys.lock()),
              redis.commands().pttl(keys.counter())));
    }
    CompletionStage<Long> end = redis.time();
    redis.flush();
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < sent.size(); i++) {
      Sent one = sent.get(i);
      List<KeyValue<String, String>> values = answer(one.values());
      answers.add(
          new Answer(
              answer(one.before()),
              answer(one.reply()),
              answer(one.after()),
              new KeyState(values.get(0).optional(), answer(one.lockLeft())),
              new KeyState(values.get(1).optional(), answer(one.counterLeft())),
              answer(i + 1 < sent.size() ? sent.get(i + 1).before() : end)));
    }
    return answers;
  }

  /** Models with one mistake each. */
  private enum Wrong implements Steps {
    RENEWS_FOR_EVERYBODY {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Renew renew
            ? new Renew(holder(model, keys), renew.leaseMillis()).on(model, keys)
            : operation.on(model, keys);
      }
    },
    RELEASES_FOR_EVERYBODY {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Release release
            ? new Release(holder(model, keys), release.lastTokenUsed(), release.keepForMillis())
                .on(model, keys)
            : operation.on(model, keys);
      }
    },
    GIVES_NO_TOKENS_BACK {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Release release
            ? new Release(release.claim(), 0, release.keepForMillis()).on(model, keys)
            : operation.on(model, keys);
      }
    },
    KEEPS_NOTHING {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Release release
            ? new Release(release.claim(), release.lastTokenUsed(), 0).on(model, keys)
            : operation.on(model, keys);
      }
    },
    HEEDS_NO_TOKEN_ABOVE {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Acquire acquire
            ? new Acquire(
                    acquire.claim(), acquire.label(), acquire.leaseMillis(), acquire.span(), 0)
                .on(model, keys)
            : operation.on(model, keys);
      }
    },
    DOES_NOT_LENGTHEN_WHEN_ASKED_AGAIN {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        Optional<String> held = model.get(keys.lock());
        RedisModel before = model.copy(() -> 0);
        List<Object> reply = operation.on(model, keys);
        if (operation instanceof Acquire && held.isPresent()) {
          model.copyKeyFrom(before, keys.lock());
        }
        return reply;
      }
    },
    RENEWS_A_MILLISECOND_TOO_LONG {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Renew renew
            ? new Renew(renew.claim(), renew.leaseMillis() + 1).on(model, keys)
            : operation.on(model, keys);
      }
    },
    NEVER_ENDS_A_COUNTER {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        List<Object> reply = operation.on(model, keys);
        if (operation instanceof Acquire) {
          model.get(keys.counter()).ifPresent(last -> model.set(keys.counter(), last, -1));
        }
        return reply;
      }
    },
    HAS_NO_TIME {
      @Override
      public List<Object> take(Operation operation, RedisModel model, Keys keys) {
        return operation instanceof Pass ? List.of() : operation.on(model, keys);
      }
    };

    private static String holder(RedisModel model, Keys keys) {
      String[] parts = model.get(keys.lock()).orElse("").split("\\|", -1);
      return parts.length > 1 ? parts[1] : "";
    }
  }
}
