package io.holdfast.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntFunction;

/**
 * Random ports of 127.0.0.1 that nobody listens at just now. Another process may take one before
 * the server does; whoever starts a server must be ready to pick again.
 *
 * <p>All lie below the range from which systems choose the local ports of outgoing connections
 * (Linux: from 32768). A client that keeps reconnecting to a dead server's port in that range
 * sooner or later connects to itself, and the server could not come back to its port.
 */
final class FreePort {

  private static final int FIRST = 15_000;
  private static final int LAST = 31_999;
  private static final int TRIES = 100;
  private static final int STARTS = 5;

  private FreePort() {}

  static int pick() {
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST + 1);
      if (isFree(port)) {
        return port;
      }
    }
    throw new EmbeddedServerException("no free port on 127.0.0.1: " + TRIES + " were tried");
  }

  /**
   * Starts a server at the port, or, if that was taken and the server may move, at one of some
   * others.
   */
  static <T> T startAt(int port, boolean mayMove, ServerProcess server, IntFunction<T> start) {
    int next = port;
    for (int i = 1; ; i++) {
      try {
        return start.apply(next);
      } catch (EmbeddedServerException e) {
        if (!server.foundItsPortTaken() || !mayMove || i == STARTS) {
          throw e;
        }
        next = pick();
      }
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(loopback(), port), 1);
      return true;
    } catch (IOException taken) {
      return false;
    }
  }

  static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }
}
