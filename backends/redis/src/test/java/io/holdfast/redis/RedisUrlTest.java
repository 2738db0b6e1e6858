package io.holdfast.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.spi.BackendProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import java.time.Duration;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisUrlTest {

  @Test
  void whatIsNotSaidHasADefault() {
    assertThat(RedisUrl.parse("redis://host"))
        .isEqualTo(new RedisUrl(false, "host", 6379, 0, null, null, "lock_"));
    assertThat(RedisUrl.parse("redis://host/")).isEqualTo(RedisUrl.parse("redis://host"));
  }

  @Test
  void everythingCanBeSaid() {
    assertThat(RedisUrl.parse("rediss://me:p%40ss+%25@my_host.example-1:7000/12?prefix=app%3A"))
        .isEqualTo(new RedisUrl(true, "my_host.example-1", 7000, 12, "me", "p@ss+%", "app:"));
  }

  @Test
  void passwordWithoutAUserIsTheDefaultUsers() {
    RedisUrl url = RedisUrl.parse("redis://:secret@host");
    assertThat(url.user()).isNull();
    assertThat(url.password()).isEqualTo("secret");
  }

  @Test
  void prefixMayBeEmpty() {
    assertThat(RedisUrl.parse("redis://host?prefix=").prefix()).isEmpty();
  }

  @Test
  void addressMayBeIpVersion6() {
    assertThat(RedisUrl.parse("redis://[::1]:7000").forLettuce(Duration.ofSeconds(1)).getHost())
        .isEqualTo("::1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "redis:",
        "redis://",
        "redis:host",
        "http://secret@host",
        "redis://secret@host",
        "redis://user:@host",
        "redis://:secret@",
        "redis://:secret@host:0",
        "redis://:secret@host:65536",
        "redis://:secret@host:1234567",
        "redis://:secret@host:x",
        "redis://:secret@ho st",
        "redis://:sec^secret@host",
        "redis://:secret%@host",
        "redis://:secret/x@host",
        "redis://:secret#x@host",
        "redis://:secret?x@host",
        "redis://:secret@host/x",
        "redis://:secret@host/-1",
        "redis://:secret@host/1/2",
        "redis://:secret@host/999999",
        "redis://:secret@host?prefix",
        "redis://:secret@host?Prefix=x",
        "redis://:secret@host?prefix=a&prefix=b",
        "redis://:secret@host?timeout=3",
        "redis://:secret@host?prefix={x}",
        "redis://:secret@host?prefix=%7Bx%7D",
        "redis://:secret@host?prefix=a*",
        "redis://:secret@host?prefix=a%20b",
        "redis://:secret@host#fragment",
        "redis://host?prefix="
            + "12345678901234567890123456789012345678901234567890"
            + "123456789012345678901234567890123456789012345678901",
      })
  void everyOtherUrlIsRefusedInOneLineWithoutASecret(String url) {
    assertThatThrownBy(() -> RedisUrl.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .message()
        .doesNotContain("secret", "\n")
        .hasSizeBetween(20, 160);
  }

  @ParameterizedTest
  @CsvSource({"redis://user:secret@host:1/2?prefix=x, redis://host:1/2?prefix=x"})
  void textHasNeitherUserNorPassword(String url, String text) {
    assertThat(RedisUrl.parse(url)).hasToString(text);
  }

  @Test
  void tlsVerifiesCertificateAndHostName() {
    RedisURI uri = RedisUrl.parse("rediss://host").forLettuce(Duration.ofSeconds(1));
    assertThat(uri.isSsl()).isTrue();
    assertThat(uri.getVerifyMode()).isEqualTo(SslVerifyMode.FULL);
    assertThat(RedisUrl.parse("redis://host").forLettuce(Duration.ofSeconds(1)).isSsl()).isFalse();
  }

  @Test
  void providerIsFoundByItsSchemes() {
    assertThat(ServiceLoader.load(BackendProvider.class))
        .filteredOn(RedisBackendProvider.class::isInstance)
        .singleElement()
        .extracting(BackendProvider::schemes)
        .isEqualTo(RedisUrl.SCHEMES);
  }
}
