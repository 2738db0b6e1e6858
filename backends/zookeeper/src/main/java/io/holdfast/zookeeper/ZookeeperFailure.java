package io.holdfast.zookeeper;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;

/**
 * What a question's failure means: refused for good, or no answer. Never free, busy or lost. The
 * client's own exception is not passed on: it names the node that was asked for.
 */
final class ZookeeperFailure {

  private ZookeeperFailure() {}

  /** The exception for the caller. */
  static LockException of(Throwable failure, String about) {
    Throwable cause = cause(failure);
    if (cause instanceof LockException known) {
      return known;
    }
    if (!(cause instanceof KeeperException reply)) {
      return new BackendException("A question to " + about + " failed", cause);
    }
    String code = " (" + reply.code() + ")";
    return switch (reply.code()) {
      case NOAUTH ->
          new StoreRefusedException(
              about
                  + " does not permit this user what locks need: c, d, r and w below the path"
                  + code);
      case AUTHFAILED, SESSIONCLOSEDREQUIRESASLAUTH ->
          new StoreRefusedException(
              about + " does not know this user: correct ?auth= or SASL" + code);
      case INVALIDACL ->
          new StoreRefusedException(about + " cannot use this ?acl=: it needs a ?auth=" + code);
      case UNIMPLEMENTED ->
          new StoreRefusedException(about + " is older than 3.6, which locks need" + code);
      case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT ->
          new BackendException("The connection to " + about + " ended before an answer came");
      case SESSIONEXPIRED, SESSIONMOVED ->
          new BackendException("The session at " + about + " ended before an answer came");
      default -> new BackendException(about + " answered an error that locks do not expect" + code);
    };
  }

  static boolean is(Code code, Throwable failure) {
    return cause(failure) instanceof KeeperException reply && reply.code() == code;
  }

  /** Whether the server may have done it all the same. */
  static boolean leavesOpen(Throwable failure) {
    return is(Code.CONNECTIONLOSS, failure)
        || is(Code.OPERATIONTIMEOUT, failure)
        || is(Code.REQUESTTIMEOUT, failure);
  }

  private static Throwable cause(Throwable failure) {
    boolean wrapped =
        failure instanceof CompletionException || failure instanceof ExecutionException;
    return wrapped && failure.getCause() != null ? cause(failure.getCause()) : failure;
  }
}
