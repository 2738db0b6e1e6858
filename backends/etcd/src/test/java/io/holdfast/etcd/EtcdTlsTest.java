package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.LEASE;
import static io.holdfast.etcd.TestEtcd.PATIENT;
import static io.holdfast.etcd.TestEtcd.answer;
import static io.holdfast.etcd.TestEtcd.newClaim;
import static io.holdfast.etcd.TestEtcd.newName;
import static io.holdfast.etcd.TestEtcd.trying;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Certificates and host names are verified, always. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdTlsTest {

  private final TestEtcd etcd = new TestEtcd("--auto-tls"); // signs for 127.0.0.1 itself
  private final Path certificate = etcd.server().data().resolve("fixtures/client/cert.pem");

  @AfterAll
  void stop() {
    etcd.close();
  }

  private EtcdBackend open(String url) {
    return etcd.open(url, LEASE, PATIENT);
  }

  @Test
  void serverWhoseCertificateIsGivenIsTrusted() throws Exception {
    EtcdBackend backend = open(etcd.server().url() + "?ca=" + certificate);
    assertThat(answer(backend.ask(trying(newClaim(newName())))))
        .isInstanceOf(Attempt.Granted.class);
  }

  @Test
  void serverWhoseCertificateNobodySignedIsRefused() {
    assertThatThrownBy(() -> open(etcd.server().url()))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("not trusted");
  }

  @Test
  void certificateOfAnotherHostIsRefused() {
    String other = etcd.server().url().replace("127.0.0.1", "localhost");
    assertThatThrownBy(() -> open(other + "?ca=" + certificate))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("host name");
  }

  @Test
  void fileThatIsNoCertificateIsRefused() {
    assertThatThrownBy(() -> open(etcd.server().url() + "?ca=/nowhere.pem"))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("PEM");
  }

  @Test
  @Tag("slow")
  void serverThatIsSilentInTheHandshakeIsNoAnswerAndNoRefusal() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String url = "etcds://127.0.0.1:" + silent.getLocalPort() + "?ca=" + certificate;
      assertThatThrownBy(() -> open(url)) // Netty waits for ten seconds
          .isInstanceOf(BackendException.class)
          .hasMessageStartingWith("No connection to etcd at ");
    }
  }

  @Test
  void withoutTlsItIsNoConnection() {
    String plain = etcd.server().url().replace("etcds:", "etcd:");
    assertThatThrownBy(() -> etcd.open(plain, LEASE, Duration.ofSeconds(2)))
        .isInstanceOf(BackendException.class);
  }
}
