package io.holdfast.redis;

import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The first words over every connection: who we are, which database, and what the server says of
 * itself. {@code HELLO} needs no right, and servers before 6.0 do not know it.
 *
 * <p>Lettuce can say them, too, but loses the server's reason for a refusal now and then: with
 * 7.7.0 a wrong password was "closed prematurely" in one of a hundred attempts.
 */
record Greeting(RedisUrl url) {

  /** Says them; the answer is the server's account of itself. */
  CompletionStage<ServerInfo> over(RedisAsyncCommands<String, String> redis) {
    CommandArgs<String, String> words = new CommandArgs<>(StringCodec.UTF8).add(2);
    String password = url.password();
    if (password != null) {
      String user = url.user() == null ? "default" : url.user();
      words.add("AUTH").add(user).add(password.toCharArray());
    }
    words.add("SETNAME").add("holdfast");
    return redis
        .dispatch(CommandType.HELLO, new ArrayOutput<>(StringCodec.UTF8), words)
        .thenApply(ServerInfo::of)
        .thenCompose(
            server ->
                url.database() == 0
                    ? CompletableFuture.completedFuture(server)
                    : redis.select(url.database()).thenApply(ok -> server));
  }
}
