package io.holdfast.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a URL says, and that it tells nobody a secret. */
class EtcdUrlTest {

  @Test
  void defaultsAreFilledIn() {
    EtcdUrl url = EtcdUrl.parse("etcd://one");
    assertThat(url.servers()).containsExactly("one:2379");
    assertThat(url.endpoints()).containsExactly("http://one:2379");
    assertThat(url.prefix()).isEqualTo("lock_");
    assertThat(url.user()).isEmpty();
    assertThat(url.tls()).isFalse();
  }

  @Test
  void everyPartIsRead() {
    EtcdUrl url =
        EtcdUrl.parse(
            "etcds://ann:p%40ss%3A+x@one:1,two.example,10.0.0.3:3"
                + "?prefix=a/b:&ca=/c.pem&cert=/d.pem&key=/e.pem");
    assertThat(url.endpoints())
        .containsExactly("https://one:1", "https://two.example:2379", "https://10.0.0.3:3");
    assertThat(url.user()).contains(new EtcdUrl.User("ann", "p@ss:+x"));
    assertThat(url.prefix()).isEqualTo("a/b:");
    assertThat(url.ca()).contains(Path.of("/c.pem"));
    assertThat(url.cert()).contains(Path.of("/d.pem"));
    assertThat(url.key()).isEqualTo(Optional.of(Path.of("/e.pem")));
    assertThat(EtcdUrl.parse("etcd://[::1]:3").servers()).containsExactly("[::1]:3");
  }

  @Test
  void textOfAUrlHasNoUserAndNoPassword() {
    EtcdUrl url = EtcdUrl.parse("etcd://ann:secret@one,two:7");
    assertThat(url.toString()).isEqualTo("etcd://one:2379,two:7?prefix=lock_");
    assertThat(url.user().toString()).doesNotContain("ann").doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "etcd:",
        "etcd:///",
        "http://one",
        "etcd://",
        "etcd://one/path",
        "etcd://one#x",
        "etcd://one,",
        "etcd://one:0",
        "etcd://one:65536",
        "etcd://one:123456",
        "etcd://ann@one",
        "etcd://:secret@one",
        "etcd://ann:@one",
        "etcd://ann:sec ret@one",
        "etcd://one?prefix=a=b",
        "etcd://one?prefix",
        "etcd://one?prefix=a&prefix=b",
        "etcd://one?secret=1",
        "etcd://one?ca=/a.pem",
        "etcds://one?cert=/a.pem"
      })
  void anythingElseIsRefusedWithoutRepeatingIt(String url) {
    assertThatThrownBy(() -> EtcdUrl.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .doesNotContain("secret")
        .doesNotContain("sec ret");
  }

  @Test
  void prefixHasAHundredCharactersAtTheMost() {
    EtcdUrl.parse("etcd://one?prefix=" + "a".repeat(100));
    assertThatThrownBy(() -> EtcdUrl.parse("etcd://one?prefix=" + "a".repeat(101)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
