package io.holdfast.etcd;

import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.common.exception.EtcdException;
import io.etcd.jetcd.common.exception.EtcdExceptionFactory;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;

/**
 * What a question's failure means: refused for good, or no answer. Never free, busy or lost; that
 * an etcd lease is gone is asked for apart.
 *
 * <p>The innermost status decides: jetcd calls whatever befalls it while it authenticates {@code
 * UNAUTHENTICATED}, also a server that is down. Neither the server's text nor jetcd's exception is
 * passed on: they may repeat what was asked.
 */
final class EtcdFailure {

  private EtcdFailure() {}

  /** The exception for the caller. */
  static LockException of(Throwable failure, String about) {
    List<Throwable> chain = chain(failure);
    for (Throwable cause : chain) {
      if (cause instanceof LockException known) {
        return known;
      }
      if (cause instanceof GeneralSecurityException || isRefusedHandshake(cause)) {
        return new StoreRefusedException(
            "The TLS certificate of " + about + " is not trusted or is not for this host name",
            cause);
      }
    }
    return chain.stream()
        .filter(EtcdFailure::isStatus)
        .reduce((outer, inner) -> inner)
        .map(status -> meaning(EtcdExceptionFactory.toEtcdException(status), about))
        .orElseGet(() -> new BackendException("The question to " + about + " was not sent"));
  }

  /**
   * Netty says in the same way that the server was silent for ten seconds, which decides nothing.
   */
  private static boolean isRefusedHandshake(Throwable cause) {
    return cause instanceof SSLHandshakeException
        && !(cause instanceof SslHandshakeTimeoutException);
  }

  /** Whether the server says that it does not know the etcd lease of the question. */
  static boolean isLeaseGone(Throwable failure) {
    return chain(failure).stream()
        .filter(EtcdFailure::isStatus)
        .map(EtcdExceptionFactory::toEtcdException)
        .anyMatch(status -> status.getErrorCode() == ErrorCode.NOT_FOUND);
  }

  /** Whether the server says that it has forgotten what was at the revision of the question. */
  static boolean isCompacted(Throwable failure) {
    return chain(failure).stream()
        .filter(EtcdFailure::isStatus)
        .map(EtcdExceptionFactory::toEtcdException)
        .anyMatch(status -> status.getErrorCode() == ErrorCode.OUT_OF_RANGE);
  }

  private static List<Throwable> chain(Throwable failure) {
    return Stream.iterate(Optional.of(failure), cause -> cause.map(Throwable::getCause))
        .limit(20) // of a chain that is a ring
        .takeWhile(Optional::isPresent)
        .map(Optional::get)
        .toList();
  }

  private static boolean isStatus(Throwable cause) {
    return cause instanceof EtcdException
        || cause instanceof StatusRuntimeException
        || cause instanceof StatusException;
  }

  private static LockException meaning(EtcdException status, String about) {
    String text = String.valueOf(status.getMessage());
    return switch (status.getErrorCode()) {
      // Whoever configures the client or the server has to act. Asking again never helps.
      case PERMISSION_DENIED ->
          refused(
              about, "does not permit this user what locks need: grant readwrite on the prefix");
      case UNIMPLEMENTED -> refused(about, "is no etcd, or one older than 3.4");
      case INVALID_ARGUMENT -> invalid(text, about);
      case FAILED_PRECONDITION ->
          text.contains("authentication is not enabled")
              ? refused(about, "knows no users: leave user:password@ out of the URL")
              : passing(about, "answered an error that Holdfast does not know");

      // These pass, by themselves or when the servers are looked after.
      case UNAUTHENTICATED -> passing(about, "wants a new authentication, which comes next");
      case RESOURCE_EXHAUSTED ->
          text.contains("space exceeded")
              ? passing(about, "has no space left: compact, defragment, disarm the alarm NOSPACE")
              : passing(about, "has too much to do");
      case DATA_LOSS -> passing(about, "says that its data are corrupt: see its alarms");
      case DEADLINE_EXCEEDED -> new BackendException("No answer from " + about + " in time");
      case UNAVAILABLE ->
          text.startsWith("etcdserver:")
              ? passing(about, "has no leader, or not enough members that answer each other")
              : new BackendException("No connection to " + about);
      case CANCELLED -> new BackendException("The question to " + about + " was cancelled");

      // Unknown to us, so nothing is known about the outcome either.
      default -> passing(about, "answered an error that Holdfast does not know");
    };
  }

  private static LockException invalid(String text, String about) {
    if (text.contains("user name is empty")) {
      return refused(about, "wants a user: write user:password@ in the URL");
    }
    if (text.contains("authentication failed")) {
      return refused(about, "knows no such user and password: correct the URL");
    }
    if (text.contains("auth store is old")) {
      return passing(about, "has changed its users: the next question authenticates anew");
    }
    return passing(about, "answered an error that Holdfast does not know");
  }

  private static StoreRefusedException refused(String about, String why) {
    return new StoreRefusedException(about + " " + why);
  }

  private static BackendException passing(String about, String why) {
    return new BackendException(about + " " + why);
  }
}
