package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** TLS as the JVM trusts it. The server is a real one behind a tunnel that speaks TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisTlsTest {

  private static final String TRUST_STORE = "javax.net.ssl.trustStore";
  private static final String PASSWORD = "changeit";
  private static final Duration TIMEOUT = TestRedis.PATIENT;

  private final TestRedis redis = new TestRedis().start();
  private final Tunnel trusted;
  private final Tunnel untrusted;

  /** The JVM trusts one of two certificates; both are for localhost and not for 127.0.0.1. */
  RedisTlsTest(@TempDir Path folder) throws Exception {
    Path keys = newKeys(folder, "trusted");
    trusted = tunnel(keys);
    untrusted = tunnel(newKeys(folder, "untrusted"));
    System.setProperty(TRUST_STORE, keys.toString());
    System.setProperty(TRUST_STORE + "Password", PASSWORD);
  }

  @AfterAll
  void stop() throws Exception {
    System.clearProperty(TRUST_STORE);
    System.clearProperty(TRUST_STORE + "Password");
    trusted.close();
    untrusted.close();
    redis.close();
  }

  private static Path newKeys(Path folder, String name) throws Exception {
    Path keys = folder.resolve(name + ".p12");
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
                "san=dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                keys.toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(keytool.exitValue()).isZero();
    return keys;
  }

  private Tunnel tunnel(Path keys) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return Tunnel.from(
        context
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
        redis.server().port());
  }

  private RedisBackend open(String host, Tunnel tunnel) {
    return redis.open("rediss://" + host + ":" + tunnel.port(), TIMEOUT);
  }

  /** In the end: Lettuce gives a handshake ten seconds, which this machine may stall for. */
  private RedisBackend opened(String host, Tunnel tunnel) {
    return await()
        .ignoreExceptionsInstanceOf(BackendException.class)
        .until(() -> open(host, tunnel), Objects::nonNull);
  }

  /** No attempt succeeds; the reason is lost by Lettuce in one of two hundred. */
  private Throwable refusal(String host, Tunnel tunnel) {
    Throwable refusal = catchThrowable(() -> open(host, tunnel));
    for (int i = 0; i < 5 && refusal instanceof BackendException; i++) {
      refusal = catchThrowable(() -> open(host, tunnel));
    }
    return refusal;
  }

  @Test
  void trustedServerOfTheRightNameIsUsed() throws Exception {
    RedisBackend backend = opened("localhost", trusted);
    assertThat(answer(backend.ask(asking(newClaim())))).isInstanceOf(Attempt.Granted.class);
  }

  @Test
  void trustedServerOfAnotherNameIsRefused() {
    assertThat(refusal("127.0.0.1", trusted))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("is not trusted or is not for this host name")
        .hasRootCauseMessage("No subject alternative names matching IP address 127.0.0.1 found");
  }

  @Test
  void serverThatNobodyTrustsIsRefused() {
    assertThat(refusal("localhost", untrusted))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("is not trusted or is not for this host name")
        .rootCause()
        .hasMessageContaining("unable to find valid certification path");
  }

  @Test
  void serverWithoutTlsIsNoConnection() {
    String url = "rediss://127.0.0.1:" + redis.server().port();
    long begin = System.nanoTime();
    assertThatThrownBy(() -> redis.open(url, Duration.ofSeconds(2)))
        .isInstanceOf(BackendException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(TIMEOUT);
  }
}
