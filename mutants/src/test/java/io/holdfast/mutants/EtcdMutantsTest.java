package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.holdfast.embedded.EmbeddedEtcd;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Mutants of etcd's backend as it is, on a real etcd, each with what gives it away. */
@Tag("slow")
class EtcdMutantsTest {

  private static final String PROVIDER = "io.holdfast.etcd.EtcdBackendProvider";
  private static final String JAVA = "backends/etcd/src/main/java/io/holdfast/etcd/";
  private static final String BACKEND = JAVA + "EtcdBackend.java";
  private static final String PLACE = JAVA + "Place.java";
  private static final String PLACES = JAVA + "Places.java";
  private static final String SESSION = JAVA + "Session.java";
  private static final String TOKENS = JAVA + "Tokens.java";
  private static final String TRANSACTIONS = JAVA + "Transactions.java";

  private static EmbeddedEtcd server;

  @BeforeAll
  static void startServer() {
    if (!EmbeddedEtcd.isInstalled()) {
      System.out.println("SKIPPED: no etcd on PATH, so none of its mutants is tried");
    }
    assumeTrue(EmbeddedEtcd.isInstalled(), "no etcd on PATH");
    server = EmbeddedEtcd.start();
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  static Stream<Arguments> mutants() {
    return Stream.of(
        Arguments.of(
            Mutant.of(
                    "the base is remembered, not read at the grant",
                    TOKENS,
                    "long last = base.map(Tokens::read).orElse(0L);",
                    "long last = lastBase > 0 ? lastBase : base.map(Tokens::read).orElse(0L);")
                .and("if (last + revision < mint.micros()) {", "if (last == 0) {"),
            "the token of one who knew a lower base"),
        Arguments.of(
            Mutant.of(
                "a grant below the clock is let pass",
                TOKENS,
                "if (last + revision < mint.micros()) {",
                "if (last == 0) {"),
            "a token after the base fell is not behind the clock"),
        Arguments.of(
            Mutant.of(
                "a span without room for it",
                TOKENS,
                "int span = lifted ? mint.span() : 1;",
                "int span = lifted ? mint.span() : Math.max(1, mint.span());"),
            "the first token of a span"),
        Arguments.of(
            Mutant.of(
                "a key is used again although an ask was not answered",
                PLACES,
                "if (place.isInDoubt()) {",
                "if (place.isInDoubt() && wanted.contains(\"\")) {"),
            "the key of an ask without an answer is used again"),
        Arguments.of(
            Mutant.of(
                "a renewal does not look for its key",
                BACKEND,
                "return isSure ?",
                "return isSure || !closed ?"),
            "a renewal without a key"),
        Arguments.of(
            Mutant.of(
                "a renewal takes any key in its place for its own",
                BACKEND,
                "&& !place.isInDoubt();",
                ";"),
            "a renewal of what came late"),
        Arguments.of(
            Mutant.of(
                "a release takes any key in its place for its own",
                BACKEND,
                "left.filter(grant::equals).isPresent()",
                "left.isPresent()"),
            "a release of another's key"),
        Arguments.of(
            Mutant.of(
                "the heartbeat removes nothing",
                BACKEND,
                "if (!orphans.isEmpty()) {",
                "if (!orphans.isEmpty() && closed) {"),
            "a key that nobody has"),
        Arguments.of(
            Mutant.of(
                    "a watch on the whole line",
                    PLACE,
                    "next.to(ahead.key(), 0, false, begunAt",
                    """
                next.to(Keys.of(ahead.key().toString().replaceAll("=[^=]*$", "=")), 0, true, begunAt
                """)
                .and(
                    "return ahead.filter(it -> it.key().equals(key) && it.revision() < deletedAt).isPresent()",
                    "return ahead.isPresent()"),
            "a hint for the last"),
        Arguments.of(
            Mutant.of(
                "what came before the watch is missed",
                PLACE,
                "if (begunAt <= lookedAt) {",
                "if (lookedAt > 0) {"),
            "a hint of what was before the watch"),
        Arguments.of(
            Mutant.of(
                "who was ahead is known by its key alone",
                TRANSACTIONS,
                "created(other.key(), Cmp.Op.NOT_EQUAL, other.revision())",
                "created(other.key(), Cmp.Op.EQUAL, 0)"),
            "the token that is told of the holder"),
        Arguments.of(
            Mutant.of(
                "the lease counts from the answer",
                SESSION,
                "keptUntil = askedAt + lives.toNanos();",
                "keptUntil = time.nanoTime() + lives.toNanos();"),
            "a promise that is too long"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void scenesFindTheMutant(Mutant mutant, String sign) throws Exception {
    List<String> wrong = wrongWith(List.of(mutant));
    assertThat(wrong).anySatisfy(each -> assertThat(each).startsWith(sign));
    System.out.printf("etcd       %-60s  %s%n", mutant, wrong.get(0));
  }

  @Test
  void scenesFindNothingWrongWithItAsItIs() throws Exception {
    assertThat(wrongWith(List.of())).isEmpty();
  }

  private static List<String> wrongWith(List<Mutant> mutants) throws Exception {
    Runnable pause = server::pause;
    Runnable resume = server::resume;
    Object wrong =
        MutatedClasses.of(mutants)
            .loadClass("io.holdfast.mutated.EtcdScenes")
            .getMethod(
                "wrongWith",
                String.class,
                String.class,
                String.class,
                Runnable.class,
                Runnable.class)
            .invoke(
                null, PROVIDER, server.url(), "http://127.0.0.1:" + server.port(), pause, resume);
    List<String> said = new ArrayList<>();
    for (Object each : (List<?>) wrong) {
      said.add((String) each);
    }
    return said;
  }
}
