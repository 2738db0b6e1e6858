package io.holdfast.etcd;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.etcd.jetcd.maintenance.AlarmResponse;
import io.etcd.jetcd.maintenance.StatusResponse;
import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.spi.StoreContext;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is particular to etcd: its members, alarms, the length of leases and the base of tokens. */
final class EtcdExamination {

  private static final Duration CLOCKS_APART = Duration.ofHours(1);

  private static final Pattern VERSION = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4}).*");

  private final EtcdUrl url;
  private final StoreContext context;
  private final Clock clock;
  private final List<Finding> findings = new ArrayList<>();

  private EtcdExamination(EtcdUrl url, StoreContext context, Clock clock) {
    this.url = url;
    this.context = context;
    this.clock = clock;
  }

  /**
   * What is found.
   *
   * @param clock of this host, from which tokens will come
   */
  static List<Finding> of(EtcdUrl url, StoreContext context, Clock clock) {
    EtcdExamination examination = new EtcdExamination(url, context, clock);
    try (Client client = Clients.open(url, context)) {
      for (String endpoint : url.endpoints()) {
        examination.member(client, endpoint);
        if (!url.tls()) {
          examination.clock(endpoint);
        }
      }
      examination.alarms(client);
      examination.leases(client);
      examination.base(client);
    } catch (LockException e) {
      examination.findings.add(
          Finding.refused("connection", String.valueOf(e.getMessage()), "change what it names"));
    }
    return List.copyOf(examination.findings);
  }

  private void member(Client client, String endpoint) {
    String subject = "member " + endpoint;
    look(
        subject,
        "see that it runs and can be reached",
        () -> {
          StatusResponse status = await(() -> client.getMaintenanceClient().statusMember(endpoint));
          String version = "version " + status.getVersion();
          if (status.getVersion().matches("[0-2]\\..*|3\\.[0-3]\\..*")) {
            return Finding.warning(subject, version, "use 3.4 or newer");
          }
          if (status.getLeader() == 0) {
            return Finding.warning(
                subject, version + ", without a leader", "see that most members run");
          }
          if (hasLeaderThatOutstays(status.getVersion()) && !isAlone(client)) {
            return Finding.warning(
                subject,
                version + ": as a leader that hangs it may end leases that others keep alive",
                "use 3.4.31, 3.5.13, 3.6 or newer");
          }
          return Finding.ok(subject, version);
        });
  }

  /**
   * Whether a leader whose disk or processor hangs still ends leases, and says that it keeps them
   * alive, when others have long elected another. Source: etcd's issues 12528 and 15247, mended in
   * 3.4.31, 3.5.13 and 3.6.0.
   */
  static boolean hasLeaderThatOutstays(String version) {
    Matcher parts = VERSION.matcher(version);
    if (!parts.matches() || Integer.parseInt(parts.group(1)) > 3) {
      return false;
    }
    int minor = Integer.parseInt(parts.group(2));
    int patch = Integer.parseInt(parts.group(3));
    return minor < 4 || (minor == 4 && patch < 31) || (minor == 5 && patch < 13);
  }

  /** Whether the cluster has one member, which nobody can replace as a leader. */
  private boolean isAlone(Client client) {
    try {
      return url.endpoints().length == 1
          && await(() -> client.getClusterClient().listMember()).getMembers().size() == 1;
    } catch (LockException unknown) { // some versions tell it only to root
      return false;
    }
  }

  /**
   * etcd's answers to gRPC have no time of day, but those to plain HTTP do: whole seconds. A
   * process whose clock is far ahead would lift the tokens of all, for good.
   */
  private void clock(String endpoint) {
    String subject = "clock";
    look(
        subject,
        "see that it can be reached",
        () -> {
          Duration ahead =
              Duration.between(
                  MemberClock.read(endpoint, context.requestTimeout()), clock.instant());
          String text =
              "this host's is %s %s of that of %s"
                  .formatted(
                      Duration.ofSeconds(ahead.abs().toSeconds()),
                      ahead.isNegative() ? "behind" : "ahead",
                      URI.create(endpoint).getAuthority());
          return ahead.abs().compareTo(CLOCKS_APART) <= 0
              ? Finding.ok(subject, text)
              : Finding.warning(
                  subject,
                  text,
                  "set the clocks: tokens never come back from where one that is ahead lifts them");
        });
  }

  private void alarms(Client client) {
    look(
        "alarms",
        "grant the right to see them, or look with etcdctl alarm list",
        () -> {
          AlarmResponse alarms = await(() -> client.getMaintenanceClient().listAlarms());
          List<String> raised =
              alarms.getAlarms().stream()
                  .map(alarm -> String.valueOf(alarm.getAlarmType()))
                  .distinct()
                  .sorted()
                  .toList();
          return raised.isEmpty()
              ? Finding.ok("alarms", "none")
              : Finding.warning(
                  "alarms",
                  String.join(", ", raised),
                  "with NOSPACE nothing can be locked: compact, defragment, etcdctl alarm disarm");
        });
  }

  private void leases(Client client) {
    look(
        "lease",
        "see what it names",
        () -> {
          long asked = Sessions.seconds(context.leaseFor());
          LeaseGrantResponse lease = await(() -> client.getLeaseClient().grant(asked));
          await(() -> client.getLeaseClient().revoke(lease.getID()));
          String text = "%d s granted for %d s asked".formatted(lease.getTTL(), asked);
          return lease.getTTL() <= asked
              ? Finding.ok("lease", text)
              : Finding.warning("lease", text, "a dead process keeps its locks that much longer");
        });
  }

  private void base(Client client) {
    look(
        "base of tokens",
        "grant readwrite on the prefix " + url.prefix(),
        () -> {
          GetResponse base =
              await(new Transactions(client.getKVClient(), new Keys(url.prefix()))::base);
          if (base.getKvs().isEmpty()) {
            return Finding.ok("base of tokens", "none yet");
          }
          Duration ahead =
              new Tokens(clock)
                  .ahead(
                      Tokens.read(base.getKvs().get(0).getValue()), base.getHeader().getRevision());
          String text =
              "tokens are %s %s of this host's clock"
                  .formatted(
                      Duration.ofSeconds(ahead.abs().toSeconds()),
                      ahead.isNegative() ? "behind" : "ahead");
          return ahead.compareTo(CLOCKS_APART) <= 0
              ? Finding.ok("base of tokens", text)
              : Finding.warning("base of tokens", text, "set the clocks of all hosts");
        });
  }

  private void look(String subject, String cure, Supplier<Finding> look) {
    try {
      findings.add(look.get());
    } catch (LockException e) {
      findings.add(Finding.warning(subject, String.valueOf(e.getMessage()), cure));
    }
  }

  private <A> A await(Supplier<CompletableFuture<A>> question) {
    String about = "etcd at " + url.address();
    try {
      return context.await(question.get(), about, failure -> EtcdFailure.of(failure, about));
    } catch (LockException known) {
      throw known;
    } catch (RuntimeException e) { // jetcd throws some failures and completes others
      throw EtcdFailure.of(e, about);
    }
  }
}
