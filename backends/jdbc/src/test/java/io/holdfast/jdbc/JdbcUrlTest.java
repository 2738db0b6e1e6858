package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JdbcUrlTest {

  private static final String SECRET = "s3cr-et";

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "jdbc:postgresql://h/d jdbc:postgresql://h/d",
        "jdbc:postgresql:d?holdfast=table jdbc:postgresql:d",
        "jdbc:postgresql://h/d?user=u&holdfast=table&ssl=true jdbc:postgresql://h/d?user=u&ssl=true",
        "jdbc:mysql://h/d?holdfast=table&holdfast.prefix=a:b&user=u jdbc:mysql://h/d?user=u",
        "jdbc:mariadb://h/d?user=u&password=a;b&holdfast=table jdbc:mariadb://h/d?user=u&password=a;b",
        "jdbc:sqlserver://h:1;user=u;holdfast=table;x=y jdbc:sqlserver://h:1;user=u;x=y",
        "jdbc:sqlserver://h;holdfast.create=true jdbc:sqlserver://h",
        "jdbc:sqlserver://h;password={a;holdfast=x};holdfast=table"
            + " jdbc:sqlserver://h;password={a;holdfast=x}",
        "jdbc:sqlserver://h;password={a}};holdfast=x};holdfast=table"
            + " jdbc:sqlserver://h;password={a}};holdfast=x}",
        "jdbc:sqlserver://h;password=a{b;holdfast=table jdbc:sqlserver://h;password=a{b",
        "jdbc:h2:mem:a;MODE=x;holdfast=table jdbc:h2:mem:a;MODE=x",
        "jdbc:h2:mem:a;INIT=x\\;holdfast=y;holdfast=table jdbc:h2:mem:a;INIT=x\\;holdfast=y",
        "jdbc:wrapper:postgresql://h/d?holdfast=table jdbc:wrapper:postgresql://h/d",
      })
  void driverSeesNothingOfOurs(String url, String forDriver) {
    assertThat(JdbcUrl.parse(url).forDriver()).isEqualTo(forDriver);
  }

  @Test
  void parametersHaveTheirValues() {
    JdbcUrl url =
        JdbcUrl.parse(
            "jdbc:postgresql://h/d?holdfast=session&holdfast.table=s.t&holdfast.create=true"
                + "&holdfast.prefix=a/b:");
    assertThat(url.form()).isEqualTo(JdbcUrl.Form.SESSION);
    assertThat(url.table()).isEqualTo("s.t");
    assertThat(url.create()).isTrue();
    assertThat(url.prefix()).isEqualTo("a/b:");
  }

  @Test
  void unsaidParametersHaveTheirDefaults() {
    JdbcUrl url = JdbcUrl.parse("jdbc:h2:mem:a");
    assertThat(url.form()).isEqualTo(JdbcUrl.Form.TABLE);
    assertThat(url.table()).isEqualTo("holdfast_lock");
    assertThat(url.create()).isFalse();
    assertThat(url.prefix()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:oracle:thin:@h?password=" + SECRET,
        "redis://:" + SECRET + "@h",
        "jdbc:",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast=both",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.tabel=x",
        "jdbc:postgresql://h/d?password=" + SECRET + "&Holdfast.Table=x",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast=table&holdfast=table",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.table=a;drop",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.table=a.b.c",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.table=",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.prefix={x}",
        "jdbc:postgresql://h/d?password=" + SECRET + "&holdfast.create=yes",
      })
  void anythingElseIsRefusedAndRepeatsNoSecret(String url) {
    assertThatThrownBy(() -> JdbcUrl.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .doesNotContain(SECRET)
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://h:5432/d?user=u&password=" + SECRET,
        "jdbc:postgresql://u:" + SECRET + "@h:5432/d",
        "jdbc:mysql://u:" + SECRET + "@h:5432,u:" + SECRET + "@other/d?x=y",
        "jdbc:mysql://u:a/" + SECRET + "@h:5432/d",
        "jdbc:mysql://(host=h:5432,user=u,password=" + SECRET + ")/d",
        "jdbc:mysql://address=(host=h:5432)(password=" + SECRET + ")/d",
        "jdbc:sqlserver://h:5432;user=u;password=" + SECRET,
        "jdbc:sqlserver://h:5432;user=u;password={;" + SECRET + "}",
        "jdbc:h2:mem:a;PASSWORD=" + SECRET,
        // With a raw mark in the password, which is a mistake, nothing of it is shown either.
        "jdbc:mysql://u:" + SECRET + "?x@h:5432/d",
        "jdbc:mysql://u:1?" + SECRET + "@h:5432/d",
        "jdbc:mysql://u:" + SECRET + "/1?a=b@h:5432/d?user=me@home",
        "jdbc:mysql://u:" + SECRET + "&x?y@h:5432/d",
        "jdbc:mysql://u:" + SECRET + "?x",
        "jdbc:mysql://[" + SECRET + "?x@h",
        "jdbc:postgresql://h/d?password=x&" + SECRET,
        "jdbc:postgresql://h/d?password=x?" + SECRET + "&ssl=true",
        "jdbc:sqlserver://u:" + SECRET + ";x@h;databaseName=d",
        "jdbc:sqlserver://h;password=x;" + SECRET,
        "jdbc:h2:tcp://u:" + SECRET + ";x@h/d",
      })
  void textsShowNoCredentials(String url) {
    assertThat(JdbcUrl.parse(url).toString()).startsWith("jdbc:").doesNotContain(SECRET);
    assertThat(JdbcUrl.parse(url).shown()).doesNotContain(SECRET);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "jdbc:postgresql://h:5432/d?user=me@home&password=x@y jdbc:postgresql://h:5432/d",
        "jdbc:postgresql://a:1,[::1]:2,c/d jdbc:postgresql://a:1,[::1]:2,c/d",
        "jdbc:mysql://u:p@h:3306/d?x=y jdbc:mysql://h:3306/d",
        "jdbc:sqlserver://h\\i:1433;user=me@home jdbc:sqlserver://h\\i:1433",
        "jdbc:h2:tcp://h:1/mem:a;USER=u jdbc:h2:tcp://h:1/mem:a",
        "jdbc:postgresql:d?password=x@y jdbc:postgresql:d",
        "jdbc:mysql://u:1?2@h/d jdbc:mysql://...",
      })
  void textsShowServerAndDatabase(String url, String shown) {
    assertThat(JdbcUrl.parse(url).shown()).isEqualTo(shown);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "65", "0", "-2", "many", ""})
  void connectionsAreFrom2To64(String connections) {
    assertThat(JdbcUrl.parse("jdbc:h2:mem:a;holdfast.connections=2").connections()).isEqualTo(2);
    assertThat(JdbcUrl.parse("jdbc:h2:mem:a;holdfast.connections=64").connections()).isEqualTo(64);
    assertThatThrownBy(() -> JdbcUrl.parse("jdbc:h2:mem:a;holdfast.connections=" + connections))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("holdfast.connections");
  }

  @Test
  void missingDriverIsNamed() {
    JdbcUrl url = JdbcUrl.parse("jdbc:mysql://u:" + SECRET + "@h/d");
    assertThatThrownBy(() -> Connector.to(url, Duration.ofSeconds(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessage(
            "No JDBC driver on the class path takes jdbc:mysql://h/d:"
                + " add com.mysql:mysql-connector-j, or correct the URL");
  }
}
