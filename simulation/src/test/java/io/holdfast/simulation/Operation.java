package io.holdfast.simulation;

import io.lettuce.core.SetArgs;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One step that a real server and the model take alike. */
sealed interface Operation {

  /** The two keys of a lock. */
  record Keys(String lock, String counter) {
    List<String> both() {
      return List.of(lock, counter);
    }
  }

  CompletionStage<List<Object>> on(RealRedis redis, Keys keys);

  List<Object> on(RedisModel model, Keys keys);

  record Acquire(String claim, String label, long leaseMillis, int span, long tokenAbove)
      implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      return redis.run(
          "acquire",
          keys.both(),
          claim,
          label,
          Long.toString(leaseMillis),
          Integer.toString(span),
          Long.toString(tokenAbove));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      return model.acquire(
          keys.lock(), keys.counter(), claim, label, leaseMillis, span, tokenAbove);
    }
  }

  record Renew(String claim, long leaseMillis) implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      return redis.run("renew", List.of(keys.lock()), claim, Long.toString(leaseMillis));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      return model.renew(keys.lock(), claim, leaseMillis);
    }
  }

  record Release(String claim, long lastTokenUsed, long keepForMillis) implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      return redis.run(
          "release",
          keys.both(),
          claim,
          Long.toString(lastTokenUsed),
          Long.toString(keepForMillis),
          "released",
          keys.lock());
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      return model.release(
          keys.lock(), keys.counter(), claim, lastTokenUsed, keepForMillis, () -> {});
    }
  }

  record Inspect() implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      return redis.run("inspect", List.of(keys.lock()));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      return model.inspect(keys.lock());
    }
  }

  /** Someone else writes one of the keys; forever without an expiry. */
  record Write(boolean toLock, String value, OptionalLong expiryMillis) implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      SetArgs expiry =
          expiryMillis.isPresent() ? SetArgs.Builder.px(expiryMillis.getAsLong()) : new SetArgs();
      return silent(redis.commands().set(toLock ? keys.lock() : keys.counter(), value, expiry));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      model.set(toLock ? keys.lock() : keys.counter(), value, expiryMillis.orElse(-1));
      return List.of();
    }
  }

  /** Someone else deletes keys. */
  record Delete(boolean lock, boolean counter) implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      return silent(redis.commands().del(chosen(keys).toArray(String[]::new)));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      chosen(keys).forEach(model::delete);
      return List.of();
    }

    private List<String> chosen(Keys keys) {
      List<String> chosen = new ArrayList<>();
      if (lock) {
        chosen.add(keys.lock());
      }
      if (counter) {
        chosen.add(keys.counter());
      }
      return chosen;
    }
  }

  /**
   * Time passes for the two keys, as far as that can be had from a server whose clock nobody sets:
   * their expiries move, and may then lie in the past. Milliseconds since 1970; absent for a key
   * that has no expiry.
   */
  record Pass(OptionalLong lockAt, OptionalLong counterAt) implements Operation {
    @Override
    public CompletionStage<List<Object>> on(RealRedis redis, Keys keys) {
      CompletableFuture<Boolean> none = CompletableFuture.completedFuture(false);
      CompletionStage<Boolean> lock =
          lockAt.isPresent() ? redis.commands().pexpireat(keys.lock(), lockAt.getAsLong()) : none;
      CompletionStage<Boolean> counter =
          counterAt.isPresent()
              ? redis.commands().pexpireat(keys.counter(), counterAt.getAsLong())
              : none;
      return silent(lock.thenCombine(counter, (one, other) -> one));
    }

    @Override
    public List<Object> on(RedisModel model, Keys keys) {
      lockAt.ifPresent(at -> expireAt(model, keys.lock(), at));
      counterAt.ifPresent(at -> expireAt(model, keys.counter(), at));
      return List.of();
    }
  }

  /** Moves the expiry of a key of the model, if the key is there; also into the past. */
  static void expireAt(RedisModel model, String key, long atMillis) {
    model
        .get(key)
        .ifPresent(
            value -> {
              RedisModel then = model.copy(() -> atMillis * 1_000);
              then.set(key, value, 0);
              model.copyKeyFrom(then, key);
            });
  }

  private static CompletionStage<List<Object>> silent(CompletionStage<?> answer) {
    return answer.thenApply(ignored -> List.of());
  }
}
