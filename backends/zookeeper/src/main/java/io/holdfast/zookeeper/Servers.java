package io.holdfast.zookeeper;

import io.holdfast.spi.StoreContext;
import java.net.InetSocketAddress;
import java.util.Collection;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;

/**
 * The servers of one session, in the order of ZooKeeper's own list, which is random and then goes
 * round; but a server that says nothing costs less time.
 *
 * <p>The client leaves a mute server when it has heard nothing for two thirds of the session, and
 * by then every lock of the session is lost. So {@link Session} asks to leave it sooner: {@code
 * ZooKeeper.updateServerList} asks {@link #updateServerList} whether the present server has to be
 * left, and closes the connection if so. And the client tries a server for the session's length
 * divided by the number of servers, 10 s of 30 s. There are said to be three at least, because one
 * that is met while it starts may take a connection and never answer, and the locks end after two
 * thirds of the session; and more until the first is tried, where connecting may not take as long.
 * Thread-safe.
 */
final class Servers implements HostProvider {

  private static final long MOST_PARTS = 1_000;
  private static final int LEAST_PARTS = 3;

  private final StaticHostProvider list;
  private final int parts;
  private volatile boolean isBegun;

  private Servers(StaticHostProvider list, int parts) {
    this.list = list;
    this.parts = parts;
  }

  static Servers of(ZookeeperUrl url) {
    StaticHostProvider list = list(url);
    return new Servers(list, parts(list));
  }

  /** Of several servers each has two thirds of a request timeout until the first answers. */
  static Servers inHaste(ZookeeperUrl url, StoreContext context) {
    StaticHostProvider list = list(url);
    long parts = 3 * context.leaseFor().toNanos() / (2 * context.requestTimeout().toNanos());
    return new Servers(
        list,
        list.size() == 1 ? parts(list) : (int) Math.max(parts(list), Math.min(parts, MOST_PARTS)));
  }

  private static int parts(StaticHostProvider list) {
    return Math.max(list.size(), LEAST_PARTS);
  }

  private static StaticHostProvider list(ZookeeperUrl url) {
    return new StaticHostProvider(new ConnectStringParser(url.servers()).getServerAddresses());
  }

  /** Into how many parts the client divides the session, each for trying one server. */
  @Override
  public int size() {
    return isBegun ? parts(list) : parts;
  }

  @Override
  public InetSocketAddress next(long spinDelay) {
    isBegun = true;
    return list.next(spinDelay);
  }

  @Override
  public void onConnected() {
    list.onConnected();
  }

  /** The servers stay the same; whoever asks wants to leave the present one. */
  @Override
  public boolean updateServerList(Collection<InetSocketAddress> same, InetSocketAddress present) {
    return true;
  }
}
