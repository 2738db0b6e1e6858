package io.holdfast.zookeeper;

import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.StoreContext;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.apache.zookeeper.common.X509Exception;

/**
 * What is particular to ZooKeeper and can be seen before locks rely on it: each server, the session
 * it grants, our rights, the base against the clocks. Used by one thread, which waits.
 */
final class Examination {

  private static final Duration FAR_AHEAD = Duration.ofHours(1);
  private static final Duration CLOCKS_APART = Duration.ofMinutes(1);
  private static final Pattern VERSION = Pattern.compile("Zookeeper version: ([0-9.]+)");
  private static final Pattern MODE = Pattern.compile("(?m)^Mode: ([a-z]+)");

  private final ZookeeperUrl url;
  private final StoreContext context;
  private final List<Finding> findings = new ArrayList<>();

  private Examination(ZookeeperUrl url, StoreContext context) {
    this.url = url;
    this.context = context;
  }

  static List<Finding> of(ZookeeperUrl url, StoreContext context) {
    Examination examination = new Examination(url, context);
    if (url.config() == null) {
      List.of(url.servers().split(",")).forEach(examination::lookAtServer);
    }
    examination.lookInside();
    return List.copyOf(examination.findings);
  }

  /** By the one word that servers answer to everybody, unless they are told not to. */
  private void lookAtServer(String server) {
    String subject = "server " + server;
    int colon = server.lastIndexOf(':');
    String host = server.substring(0, colon).replaceAll("[\\[\\]]", "");
    try {
      String told =
          FourLetterWordMain.send4LetterWord(
              host,
              Integer.parseInt(server.substring(colon + 1)),
              "srvr",
              false,
              (int) context.requestTimeout().toMillis());
      Matcher version = VERSION.matcher(told);
      Matcher mode = MODE.matcher(told);
      findings.add(
          Finding.ok(
              subject,
              version.find()
                  ? version.group(1) + (mode.find() ? ", " + mode.group(1) : "")
                  : "answers, and does not tell its version (4lw.commands.whitelist)"));
    } catch (IOException | X509Exception.SSLContextException e) {
      findings.add(
          Finding.warning(subject, "no answer", "start it; the others may do while it is away"));
    }
  }

  private void lookInside() {
    Session session = Session.beginSoon(url, context);
    Base base = new Base(url);
    try {
      if (look("session", session.connected()).isPresent()) {
        findings.add(Finding.ok("session", "granted as asked, " + context.leaseFor()));
        if (look("rights", base.prepare(session)).isPresent()) {
          findings.add(Finding.ok("rights", "can create, read, write and delete in " + url.root()));
          compareClocks(base, session.now());
        }
      }
    } finally {
      Session.close(List.of(session));
    }
  }

  private void compareClocks(Base base, long now) {
    Duration ahead = base.ahead(now);
    String tokens = "tokens are %d s ahead of the leader's clock".formatted(ahead.toSeconds());
    findings.add(
        ahead.compareTo(FAR_AHEAD) < 0
            ? Finding.ok("base", tokens)
            : Finding.warning(
                "base",
                tokens,
                "each change of the leader is 72 min: before moving to another store, wait or use"
                    + " tokenAbove"));
    long here = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    base.leadersClock(now)
        .ifPresent(
            leaders -> {
              Duration apart = Duration.of(Math.abs(leaders - here), ChronoUnit.MICROS);
              String clocks =
                  "the leader's clock and this host's are %d s apart".formatted(apart.toSeconds());
              findings.add(
                  apart.compareTo(CLOCKS_APART) < 0
                      ? Finding.ok("clock", clocks)
                      : Finding.warning("clock", clocks, "set the one that is wrong"));
            });
  }

  /** The answer, or why connecting fails. */
  private <A> Optional<A> look(String subject, CompletionStage<A> question) {
    try {
      return Optional.of(
          context.await(
              question, url.about(), failure -> ZookeeperFailure.of(failure, url.about())));
    } catch (LockException e) {
      String cure =
          e instanceof StoreRefusedException
              ? "change what it names"
              : "see that more than half of the servers run and can be reached";
      findings.add(Finding.refused(subject, String.valueOf(e.getMessage()), cure));
      return Optional.empty();
    }
  }
}
