package io.holdfast.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZookeeperUrlTest {

  @Test
  void whatIsNotSaidHasADefault() {
    ZookeeperUrl url = ZookeeperUrl.parse("zookeeper://one");
    assertThat(url.servers()).isEqualTo("one:2181");
    assertThat(url.root()).isEqualTo("/holdfast");
    assertThat(url.auth()).isNull();
    assertThat(url.acl()).isEqualTo(ZooDefs.Ids.OPEN_ACL_UNSAFE);
    assertThat(url.config()).isNull();
    assertThat(url.tickTime()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void everythingCanBeSaid() {
    ZookeeperUrl url =
        ZookeeperUrl.parse(
            "ZooKeeper://one:2182,two,[::1]:3/locks/of-us?auth=digest:me:p%26w+d&acl=creator"
                + "&config=%2Fetc%2Fzk.properties&tickTime=3000");
    assertThat(url.servers()).isEqualTo("one:2182,two:2181,[::1]:3");
    assertThat(url.root()).isEqualTo("/locks/of-us");
    assertThat(url.auth()).isEqualTo("digest:me:p&w+d");
    assertThat(url.acl()).isEqualTo(ZooDefs.Ids.CREATOR_ALL_ACL);
    assertThat(url.config()).isEqualTo("/etc/zk.properties");
    assertThat(url.tickTime()).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void anAclIsZooKeepersOwn() {
    assertThat(
            ZookeeperUrl.parse("zookeeper://one?acl=digest:me:hash%3D:cdrwa,world:anyone:r").acl())
        .containsExactly(
            new ACL(ZooDefs.Perms.ALL, new Id("digest", "me:hash=")),
            new ACL(ZooDefs.Perms.READ, ZooDefs.Ids.ANYONE_ID_UNSAFE));
  }

  @Test
  void whoWeAreIsNotShown() {
    String shown = ZookeeperUrl.parse("zookeeper://one/a?auth=digest:me:s3cret").toString();
    assertThat(shown).isEqualTo("zookeeper://one:2181/a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "zookeeper:one",
        "zookeeper://",
        "zookeeper:///a",
        "zookeeper://one,",
        "zookeeper://one:0",
        "zookeeper://one:65536",
        "zookeeper://me:s3cret@one",
        "zookeeper://one/a/",
        "zookeeper://one/a//b",
        "zookeeper://one/a/../b",
        "zookeeper://one/zookeeper/a",
        "zookeeper://one/%62",
        "zookeeper://one?auth=s3cret",
        "zookeeper://one?auth=digest:s3cret&auth=digest:s3cret",
        "zookeeper://one?password=s3cret",
        "zookeeper://one?s3cret",
        "zookeeper://one?acl=creator",
        "zookeeper://one?acl=world:anyone:x",
        "zookeeper://one?acl=nobody",
        "zookeeper://one?tickTime=0",
        "zookeeper://one?tickTime=2s",
        "zookeeper://one#s3cret",
      })
  void nothingElseIsAUrlAndNoSecretIsRepeated(String wrong) {
    assertThatThrownBy(() -> ZookeeperUrl.parse(wrong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("s3cret");
  }
}
