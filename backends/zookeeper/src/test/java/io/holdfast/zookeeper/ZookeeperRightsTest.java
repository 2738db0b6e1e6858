package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.config;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Finding;
import io.holdfast.Locks;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Claim;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Whose nodes they are, and what is found before anybody locks. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperRightsTest {

  private static final String MINE = "&acl=creator&auth=digest:me:s3cret";
  private static final String ANOTHERS = "&auth=digest:another:s3cret";

  private final TestZookeeper zookeeper = TestZookeeper.one();

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  private String url(String folder, String rest) {
    return "zookeeper://" + zookeeper.servers() + "/" + folder + "?tickTime=200" + rest;
  }

  private ZookeeperBackend open(String url) {
    return zookeeper.open(url, TestZookeeper.SESSION);
  }

  private static List<String> levels(List<Finding> findings) {
    return findings.stream()
        .map(finding -> finding.subject().replaceAll(" .*", "") + " " + finding.level())
        .collect(Collectors.toList());
  }

  @Test
  void whatTheCreatorOwnsNobodyElseUses() throws Exception {
    try (ZookeeperBackend backend = open(url("mine", MINE))) {
      Claim claim = newClaim();
      granted(backend, claim);
      zookeeper.plain().addAuthInfo("digest", "me:s3cret".getBytes(US_ASCII));
      for (String node : List.of("/mine", "/mine/%base", "/mine/" + claim.name())) {
        assertThat(zookeeper.plain().getACL(node, new Stat()))
            .as(node)
            .allSatisfy(acl -> assertThat(acl.getId().getScheme()).isEqualTo("digest"))
            .hasSize(1);
      }
    }
    for (String url : List.of(url("mine", ""), url("mine", ANOTHERS))) {
      assertThatThrownBy(() -> open(url))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("does not permit")
          .hasMessageNotContaining("s3cret");
      List<Finding> found = Locks.examine(url, config(TestZookeeper.SESSION));
      assertThat(levels(found)).endsWith("rights REFUSED");
      assertThat(found.toString()).doesNotContain("s3cret");
    }
    open(url("mine", MINE)).close();
  }

  @Test
  void whoMayNotWriteTheBaseIsRefusedWhenConnecting() throws Exception {
    String url = url("readable", "");
    open(url).close();
    String base = "/readable/%base";
    Stat before = new Stat();
    byte[] content = zookeeper.plain().getData(base, false, before);
    ACL noWriting = new ACL(ZooDefs.Perms.READ | ZooDefs.Perms.ADMIN, ZooDefs.Ids.ANYONE_ID_UNSAFE);
    zookeeper.plain().setACL(base, Arrays.asList(noWriting), -1); // it looks for null there
    assertThatThrownBy(() -> open(url))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("does not permit");
    assertThat(levels(Locks.examine(url, config(TestZookeeper.SESSION))))
        .endsWith("rights REFUSED");
    zookeeper.plain().setACL(base, ZooDefs.Ids.OPEN_ACL_UNSAFE, -1);
    open(url).close();
    Stat after = new Stat();
    assertThat(zookeeper.plain().getData(base, false, after)).isEqualTo(content);
    assertThat(after.getMzxid()).as("nobody has written it").isEqualTo(before.getMzxid());
  }

  @Test
  void nodesAreEverybodysUnlessItIsSaid() throws Exception {
    try (ZookeeperBackend backend = open(url("open", ""))) {
      granted(backend, newClaim());
      assertThat(zookeeper.plain().getACL("/open/%base", new Stat()))
          .isEqualTo(ZooDefs.Ids.OPEN_ACL_UNSAFE);
    }
  }

  @Test
  void aServerOlderThan36IsRefusedInOneLine() throws Exception {
    try (Wire wire = new Wire(zookeeper.server().getPort())) {
      wire.makeServerOld();
      assertThatThrownBy(() -> open(wire.url()))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("is older than 3.6")
          .hasMessageNotContaining("\n");
      assertThat(levels(Locks.examine(wire.url(), config(TestZookeeper.SESSION))))
          .endsWith("rights REFUSED");
    }
  }

  @Test
  void anIdWithoutItsSchemeIsRefused() {
    assertThatThrownBy(() -> open(url("odd", "&acl=nothing:me:cdrwa")))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("acl");
  }

  @Test
  void examinationFindsAllInOrder() {
    List<Finding> found = Locks.examine(url("examined", ""), config(TestZookeeper.SESSION));
    assertThat(levels(found))
        .containsExactly(
            "server OK",
            "session OK",
            "rights OK",
            "base OK",
            "clock OK",
            "connection OK",
            "a OK",
            "token OK");
    assertThat(found.get(0).found()).matches("3\\.[0-9.]+, standalone");
  }

  @Test
  void examinationTellsOfAServerThatIsAway() {
    List<Finding> found =
        Locks.examine(
            "zookeeper://" + zookeeper.servers() + ",127.0.0.1:1/examined?tickTime=200",
            config(TestZookeeper.SESSION));
    assertThat(levels(found)).startsWith("server OK", "server WARNING", "session OK");
  }

  @Test
  void examinationRefusesWhatConnectingRefuses() {
    Duration tooLong = TestZookeeper.LONGEST.plusMinutes(1);
    String url = url("examined", "");
    List<Finding> found = Locks.examine(url, config(tooLong));
    assertThat(levels(found)).containsExactly("server OK", "session REFUSED");
    assertThatThrownBy(() -> Locks.connect(url, config(tooLong)))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessage(found.get(1).found());
  }

  @Test
  void baseFarAheadIsTold() throws Exception {
    open(url("ahead", "")).close();
    long base =
        Long.parseLong(
            new String(zookeeper.plain().getData("/ahead/%base", false, new Stat()), US_ASCII));
    zookeeper
        .plain()
        .setData("/ahead/%base", Long.toString(base + 7_200_000_000L).getBytes(US_ASCII), -1);
    assertThat(levels(Locks.examine(url("ahead", ""), config(TestZookeeper.SESSION))))
        .contains("base WARNING");
  }
}
