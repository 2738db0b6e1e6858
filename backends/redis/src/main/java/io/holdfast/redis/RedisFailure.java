package io.holdfast.redis;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a question's failure means: refused for good, or no answer. Never free, busy or lost.
 *
 * <p>The server's own text is not passed on, nor is Lettuce's exception: they may repeat what was
 * asked, and so a claim's id. Only the error's code is read, wherever it stands: Redis 6.2 puts the
 * errors of commands in scripts behind words of its own.
 */
final class RedisFailure {

  /** Causes may be a ring. */
  private static final int LONGEST_CHAIN = 20;

  private static final Pattern CODE =
      Pattern.compile(
          "\\b(NOAUTH|WRONGPASS|NOPERM|WRONGTYPE|MOVED|ASK|CROSSSLOT|CLUSTERDOWN|TRYAGAIN"
              + "|LOADING|NOSCRIPT|BUSY|UNKILLABLE|OOM|NOREPLICAS|MISCONF|MASTERDOWN|READONLY)\\b");

  /** Errors without a code of their own, and the one that they get here. */
  private static final Map<String, String> CODES_OF_PHRASES =
      Map.of(
          "user executing the script can't", "NOPERM",
          "unknown command", "UNKNOWN",
          "DB index is out of range", "DATABASE",
          "max number of clients reached", "MAXCLIENTS");

  private static final Set<String> OF_A_DEMOTED_SERVER =
      Set.of("READONLY", "LOADING", "MASTERDOWN");

  private RedisFailure() {}

  /**
   * The exception for the caller.
   *
   * @param about the server, and the key if the question is about one
   */
  static LockException of(Throwable failure, String about) {
    IOException network = null; // the first; one of TLS has a better reason behind it
    Throwable cause = failure;
    for (int i = 0; cause != null && i < LONGEST_CHAIN; i++, cause = cause.getCause()) {
      if (cause instanceof LockException known) {
        return known;
      }
      if (cause instanceof RedisCommandExecutionException reply) {
        return meaning(code(reply), about);
      }
      if (cause instanceof RedisConnectionException
          && RedisConnectionException.isProtectedMode(cause.getMessage())) {
        return meaning("DENIED", about);
      }
      if (cause instanceof GeneralSecurityException untrusted) {
        return new StoreRefusedException(
            "The TLS certificate of " + about + " is not trusted or is not for this host name",
            untrusted);
      }
      if (cause instanceof RedisCommandTimeoutException) {
        return new BackendException("No answer from " + about + " while connecting");
      }
      if (network == null && cause instanceof IOException e) {
        network = e;
      }
    }
    return network == null
        ? new BackendException("The connection to " + about + " ended before an answer came")
        : new BackendException("No connection to " + about, network);
  }

  /**
   * Whether the connection is as good as before: the server answered, and is the one that takes
   * writes. One that was demoted by a failover says at first that it loads its successor's data, or
   * has no link to it; and another connection may lead to that successor.
   */
  static boolean isOfThisQuestionOnly(Throwable failure) {
    return failure instanceof RedisCommandExecutionException reply
        && !OF_A_DEMOTED_SERVER.contains(code(reply));
  }

  private static String code(RedisCommandExecutionException reply) {
    String text = String.valueOf(reply.getMessage());
    for (Map.Entry<String, String> phrase : CODES_OF_PHRASES.entrySet()) {
      if (text.contains(phrase.getKey())) {
        return phrase.getValue();
      }
    }
    Matcher code = CODE.matcher(text);
    return code.find() ? code.group() : "ERR";
  }

  private static LockException meaning(String code, String about) {
    return switch (code) {
      // Whoever configures the client or the server has to act. Asking again never helps.
      case "NOAUTH" -> refused(about, "wants a password: write :password@ or user:password@", code);
      case "WRONGPASS" -> refused(about, "knows no such user and password: correct the URL", code);
      case "NOPERM" ->
          refused(about, "does not permit this user what locks need: see its ACL LOG", code);
      case "WRONGTYPE" ->
          refused(about, "has a value of another type there: use another prefix or name", code);
      case "DENIED" ->
          refused(about, "is in protected mode: set a password or bind an address", code);
      case "DATABASE" -> refused(about, "has no database of this number: correct the URL", code);
      case "UNKNOWN" ->
          refused(about, "lacks a command that locks need, as HELLO or EVALSHA", code);
      case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN" ->
          new StoreRefusedException(about + " is a cluster: not supported yet");

      // These pass, by themselves or when the server is looked after. Nothing was written.
      case "LOADING" -> passing(about, "is still loading its data", code);
      case "NOSCRIPT" -> passing(about, "has forgotten the script of a withdrawn claim", code);
      case "BUSY", "UNKILLABLE" -> passing(about, "is running a long script", code);
      case "OOM" -> passing(about, "has no memory left: raise maxmemory", code);
      case "NOREPLICAS" -> passing(about, "has too few replicas for its own rule", code);
      case "MISCONF" -> passing(about, "cannot save to disk and takes no writes", code);
      case "MASTERDOWN" -> passing(about, "is a replica that has lost its master", code);
      case "MAXCLIENTS" -> passing(about, "has no connection left: raise maxclients", code);

      // Demoted by a failover; the next question goes over a new connection, to the new master.
      case "READONLY" -> replica(about);

      // Unknown to us, so nothing is known about the outcome either.
      default -> passing(about, "answered an error that Holdfast does not know", code);
    };
  }

  static BackendException replica(String about) {
    return passing(about, "is a replica: connect to the master", "READONLY");
  }

  private static StoreRefusedException refused(String about, String why, String code) {
    return new StoreRefusedException(about + " " + why + " (" + code + ")");
  }

  private static BackendException passing(String about, String why, String code) {
    return new BackendException(about + " " + why + " (" + code + ")");
  }
}
