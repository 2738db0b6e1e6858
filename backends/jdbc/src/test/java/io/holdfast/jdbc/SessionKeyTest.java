package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.LockName;
import org.junit.jupiter.api.Test;

class SessionKeyTest {

  /** {@code printf 'holdfast\nholdfast_lock\nmachine:42' | sha256sum}. */
  @Test
  void keyIsTheHashThatAnybodyCanCompute() {
    SessionKey key = SessionKey.of("holdfast_lock", "machine:42");
    assertThat(key.digits())
        .isEqualTo("e71b1fe08253a7d7df8931501747ed94a6a161171832e571723541ecb0bea8f9");
    assertThat(Long.toHexString(key.number())).isEqualTo(key.digits().substring(0, 16));
  }

  @Test
  void tableIsPartOfTheKey() {
    assertThat(SessionKey.of("a", "x")).isNotEqualTo(SessionKey.of("b", "x"));
    assertThat(SessionKey.of("a", "A")).isNotEqualTo(SessionKey.of("a", "a"));
  }

  /** A session would be granted the second of two names that are one lock to the server. */
  @Test
  void keysAreEqualWhereTheDatabaseSeesOneLock() {
    LockName name = new LockName("machine:42");
    SessionSql postgreSql =
        new SessionPostgreSql(JdbcUrl.parse("jdbc:postgresql://host/d?holdfast=session"));
    assertThat(postgreSql.key(name)).isEqualTo(new SessionKey("e71b1fe08253a7d7"));
    assertThat(postgreSql.parameter(postgreSql.key(name))).isEqualTo(0xe71b1fe08253a7d7L);
    SessionSql mySql = new SessionMySql(JdbcUrl.parse("jdbc:mysql://host/d?holdfast=session"));
    assertThat(mySql.parameter(mySql.key(name)))
        .isEqualTo(SessionKey.of("holdfast_lock", "machine:42").digits());
  }
}
