package io.holdfast.benchmarks;

import io.holdfast.embedded.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;
import org.jspecify.annotations.Nullable;

/**
 * A ZooKeeper that stands alone in a JVM of its own, with the defaults of a production server: it
 * forces its log to the disk before it answers ({@code forceSync}).
 */
final class ZooKeeperProcess implements AutoCloseable {

  private static final long START_SECONDS = 60;

  private final ChildJvm jvm;
  private final String address;

  private ZooKeeperProcess(ChildJvm jvm, String address) {
    this.jvm = jvm;
    this.address = address;
  }

  static ZooKeeperProcess start() throws InterruptedException {
    CompletableFuture<Optional<String>> said = new CompletableFuture<>();
    ChildJvm jvm =
        ChildJvm.start(ZooKeeperProcess.class, List.of(), List.of(), Map.of(), said::complete);
    try {
      Optional<String> address = said.get(START_SECONDS, TimeUnit.SECONDS);
      return new ZooKeeperProcess(jvm, address.orElseThrow(() -> failed(jvm, null)));
    } catch (ExecutionException | TimeoutException e) {
      BenchException failed = failed(jvm, e);
      jvm.close();
      throw failed;
    } catch (InterruptedException | RuntimeException e) {
      jvm.close();
      throw e;
    }
  }

  private static BenchException failed(ChildJvm jvm, @Nullable Throwable cause) {
    return new BenchException(
        BenchException.UNAVAILABLE, "ZooKeeper cannot be started: " + jvm.lastWords(), cause);
  }

  /** Host and port. */
  String address() {
    return address;
  }

  long pid() {
    return jvm.pid();
  }

  @Override
  public void close() {
    jvm.close();
  }

  /** In the other JVM: says where it listens, and serves until its standard input ends. */
  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.setProperty("clientPortAddress", "127.0.0.1");
    settings.setProperty("clientPort", "0");
    settings.setProperty("admin.enableServer", "false");
    try (ZooKeeperServerEmbedded server =
        ZooKeeperServerEmbedded.builder()
            .baseDir(Path.of("").toAbsolutePath())
            .configuration(settings)
            .exitHandler(ExitHandler.EXIT)
            .build()) {
      server.start(TimeUnit.SECONDS.toMillis(START_SECONDS));
      System.out.println(server.getConnectionString());
      while (System.in.read() >= 0) {
        // Nobody says anything.
      }
    }
  }
}
