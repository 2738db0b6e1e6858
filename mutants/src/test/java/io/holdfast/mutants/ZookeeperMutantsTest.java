package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Mutants of ZooKeeper's backend as it is, on a real server, each with what gives it away. */
@Tag("slow")
class ZookeeperMutantsTest {

  private static final String PROVIDER = "io.holdfast.zookeeper.ZookeeperBackendProvider";
  private static final String JAVA = "backends/zookeeper/src/main/java/io/holdfast/zookeeper/";
  private static final String BASE = JAVA + "Base.java";
  private static final String LOOK = JAVA + "Look.java";
  private static final String PLACE = JAVA + "Place.java";
  private static final String RELEASES = JAVA + "Releases.java";
  private static final String SESSION = JAVA + "Session.java";

  private static final AtomicInteger FOLDERS = new AtomicInteger();

  private static TestingServer server;

  @BeforeAll
  static void startServer() throws Exception {
    Map<String, Object> settings = Map.of("maxSessionTimeout", "60000");
    server = new TestingServer(new InstanceSpec(null, 0, -1, -1, true, -1, -1, -1, settings), true);
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  static Stream<Arguments> mutants() {
    return Stream.of(
        Arguments.of(
            Mutant.of(
                "the base is remembered",
                BASE,
                "Reading reading = new Reading(Long.parseLong(data.text()), data.stat());",
                """
                Reading known = seen.get();
                Reading reading =
                    known == null ? new Reading(Long.parseLong(data.text()), data.stat()) : known;
                """),
            "the token of a base that was raised"),
        Arguments.of(
            Mutant.of(
                    "the base is read when queueing",
                    PLACE,
                    "private volatile boolean isUnsure;",
                    "private volatile boolean isUnsure; private Base.@Nullable Reading first;")
                .and(
                    "Optional<String> ahead = look.before()",
                    "if (first == null) { first = look.base(); }\nOptional<String> ahead = look.before()")
                .and(
                    "Base.Tokens tokens = base.tokens(look.base(), own.czxid()",
                    "Base.Tokens tokens = base.tokens(Objects.requireNonNull(first), own.czxid()")
                .and(
                    "return tokens.last() == look.base().base() + own.czxid()",
                    "return tokens.last() == first.base() + own.czxid()"),
            "the token of one who waited while the base rose"),
        Arguments.of(
            Mutant.of(
                    "the token is from the sequence",
                    PLACE,
                    "base.tokens(look.base(), own.czxid(), span",
                    "base.tokens(look.base(), Long.parseLong(own.name().substring(33)), span")
                .and("tokens.last() == look.base().base() + own.czxid()", "span == 1"),
            "the next token of a name is greater"),
        Arguments.of(
            Mutant.of(
                "several tokens without a lift",
                PLACE,
                "return tokens.last() == look.base().base() + own.czxid()",
                "return tokens.first() == look.base().base() + own.czxid()"),
            "the token after several"),
        Arguments.of(
            Mutant.of(
                    "the own node is not looked for",
                    PLACE,
                    "if (look.lacks(own.name(), own.czxid())) {",
                    "if (ask.span() > 32) {")
                .and("if (!look.has(own.name(), own.czxid())) {", "if (ask.span() > 32) {"),
            "who was deleted and asks again"),
        Arguments.of(
            Mutant.of(
                    "a node put there by another is ours",
                    LOOK,
                    "(isOfNode && after != czxid)",
                    "(isOfNode && after < 0 && czxid > 0)")
                .and("&& after == czxid", "&& after * czxid != 0"),
            "who asks behind another's node"),
        Arguments.of(
            Mutant.of(
                "whose node it is does not count",
                PLACE,
                "stat.getEphemeralOwner() == session.id() && stat.getCzxid() == own.czxid();",
                "stat.getVersion() >= 0 && own.czxid() > 0;"),
            "a renewal of another's node"),
        Arguments.of(
            Mutant.of(
                "everybody watches the first",
                PLACE,
                "waitsFor = List.of(folder + \"/\" + ahead, own.path());",
                "waitsFor = List.of(folder + \"/\" + look.before().first().orElse(ahead), own.path());"),
            "a hint for those behind"),
        Arguments.of(
            Mutant.of(
                "nobody is watched",
                PLACE,
                "waitsFor = List.of(folder + \"/\" + ahead, own.path());",
                "waitsFor = List.of(own.path());"),
            "a hint for the next"),
        Arguments.of(
            Mutant.of(
                "a creation without an answer is none",
                PLACE,
                "isUnsure = ZookeeperFailure.leavesOpen(refusal);",
                "isUnsure = false;"),
            "nodes after a lost creation and a release"),
        Arguments.of(
            Mutant.of(
                "a refused transaction is taken for done",
                RELEASES,
                "allMatch(OpResult.DeleteResult.class::isInstance)",
                "allMatch(OpResult.class::isInstance)"),
            "nodes after releases together"),
        Arguments.of(
            Mutant.of(
                "each is told of another's node",
                RELEASES,
                "put(List.of(each))",
                "put(List.of(together.get(0)))"),
            "a release together with it"),
        Arguments.of(
            Mutant.of(
                "no look after the lift",
                PLACE,
                "isLifted && again.has(own.name(), own.czxid()) && !session.isOver()",
                "isLifted && !session.isOver()"),
            "whose node ended before the lift"),
        Arguments.of(
            Mutant.of(
                "the leader's word is for ever",
                SESSION,
                "return now() - confirmedAt.get() < keptFor().toNanos() / 20",
                "return confirmedAt.get() - now() < context.leaseFor().toNanos()"),
            "the leader is asked"),
        Arguments.of(
            Mutant.of(
                "the age of the leader's word does not count",
                SESSION,
                "minusNanos(Math.max(0, moment - confirmedAt.get()))",
                "minusNanos(Math.min(0, moment - confirmedAt.get()) / 2)"),
            "what a look costs the lock"),
        Arguments.of(
            Mutant.of(
                "a token behind the clock is let pass",
                BASE,
                "return new Tokens(first < leaders ? leaders + AHEAD_MICROS : first, span);",
                "return new Tokens(first, span);"),
            "a token that is not behind the clock"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void scenesFindTheMutant(Mutant mutant, String sign) throws Exception {
    List<String> wrong = wrongWith(List.of(mutant));
    assertThat(wrong).anySatisfy(each -> assertThat(each).startsWith(sign));
    System.out.printf("%-10s %-60s  %s%n", "zookeeper", mutant, sign);
  }

  @Test
  void scenesFindNothingWrongWithItAsItIs() throws Exception {
    assertThat(wrongWith(List.of())).isEmpty();
  }

  private static List<String> wrongWith(List<Mutant> mutants) throws Exception {
    Object wrong =
        MutatedClasses.of(mutants)
            .loadClass("io.holdfast.mutated.ZookeeperScenes")
            .getMethod("wrongWith", String.class, int.class, String.class)
            .invoke(null, PROVIDER, server.getPort(), "/scenes-" + FOLDERS.incrementAndGet());
    List<String> said = new ArrayList<>();
    for (Object each : (List<?>) wrong) {
      said.add((String) each);
    }
    return said;
  }
}
