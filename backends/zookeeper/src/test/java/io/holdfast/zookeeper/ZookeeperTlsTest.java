package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.spi.StoreContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** TLS by ZooKeeper's own settings. The server is a real one behind a tunnel that speaks TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperTlsTest {

  private static final String PASSWORD = "changeit";

  private final TestZookeeper zookeeper = TestZookeeper.one();
  private final Path folder;
  private final ServerSocket entrance;

  ZookeeperTlsTest(@TempDir Path folder) throws Exception {
    this.folder = folder;
    KeyStore store = newKeys("trusted");
    newKeys("another");
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    entrance =
        context
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  @AfterAll
  void stop() throws IOException {
    entrance.close();
    zookeeper.close();
  }

  private Path keysOf(String name) {
    return folder.resolve(name + ".p12");
  }

  /** Keys, and beside them a store that trusts them. */
  private KeyStore newKeys(String name) throws Exception {
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                keysOf(name).toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(keytool.exitValue()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keysOf(name))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry(name, keys.getCertificate(name));
    try (OutputStream out = Files.newOutputStream(trustOf(name))) {
      trust.store(out, PASSWORD.toCharArray());
    }
    return keys;
  }

  private Path trustOf(String name) {
    return folder.resolve(name + "-trust.p12");
  }

  private void accept() {
    try {
      while (true) {
        Socket client = entrance.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), zookeeper.server().getPort());
        start(() -> pump(client, server));
        start(() -> pump(server, client));
      }
    } catch (IOException closed) {
      assertThat(entrance.isClosed()).isTrue();
    }
  }

  private static void pump(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // Closed, or never a handshake.
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "tls-tunnel");
    thread.setDaemon(true);
    thread.start();
  }

  private ZookeeperUrl urlThatTrusts(String name) throws IOException {
    Path config = folder.resolve(name + ".properties");
    Files.writeString(
        config,
        """
        zookeeper.client.secure=true
        zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty
        zookeeper.ssl.trustStore.location=%s
        zookeeper.ssl.trustStore.password=%s
        zookeeper.ssl.trustStore.type=PKCS12
        """
            .formatted(trustOf(name), PASSWORD));
    return ZookeeperUrl.parse(
        "zookeeper://127.0.0.1:%d/tls?tickTime=200&config=%s"
            .formatted(entrance.getLocalPort(), config));
  }

  private static StoreContext context(Duration requestTimeout) {
    return new StoreContext(
        TestZookeeper.REAL, requestTimeout, TestZookeeper.SESSION, warning -> {});
  }

  @Test
  void trustedServerIsTalkedToInTls() throws Exception {
    try (ZookeeperBackend backend =
        ZookeeperBackend.connect(urlThatTrusts("trusted"), context(TestZookeeper.PATIENT))) {
      assertThat(granted(backend, newClaim()).firstToken()).isPositive();
    }
  }

  @Test
  void serverThatIsNotTrustedGetsNothing() {
    assertThatThrownBy(
            () ->
                ZookeeperBackend.connect(urlThatTrusts("another"), context(Duration.ofSeconds(3))))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("No answer")
        .hasMessageNotContaining(PASSWORD);
  }

  @Test
  void settingsThatCannotBeReadAreAWrongUrl() {
    ZookeeperUrl url =
        ZookeeperUrl.parse("zookeeper://127.0.0.1:1/tls?config=" + folder.resolve("none"));
    assertThatThrownBy(() -> ZookeeperBackend.connect(url, context(Duration.ofSeconds(3))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("?config=");
  }
}
