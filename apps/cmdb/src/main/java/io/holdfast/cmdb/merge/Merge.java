package io.holdfast.cmdb.merge;

import io.holdfast.cmdb.merge.Decision.Loser;
import io.holdfast.cmdb.merge.Decision.Reason;
import io.holdfast.cmdb.report.Value;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes the record of a machine out of what its sources say: a function of the state and the rules
 * alone.
 *
 * <p>A statement counts while it is not stale: no older than its source's {@code staleAfter} before
 * the machine's newest observation. If all are stale, all count again, because the last that was
 * known is better than nothing.
 */
public final class Merge {

  private final Rules rules;

  /** A merge by these rules. Immutable and thread-safe. */
  public Merge(Rules rules) {
    this.rules = rules;
  }

  /** The rules. */
  public Rules rules() {
    return rules;
  }

  /**
   * The record: each attribute that there is, with its value.
   *
   * @param values by attribute, sorted
   * @param conflicts about how many attributes sources disagree that both count
   */
  public record Merged(SortedMap<String, Value> values, int conflicts) {}

  /** The record. */
  public Merged record(State state) {
    SortedMap<String, Value> values = new TreeMap<>();
    int conflicts = 0;
    for (Map.Entry<String, List<Statement>> said : state.byAttribute().entrySet()) {
      Choice choice = choose(rules.of(said.getKey()), state.newest(), said.getValue());
      if (choice.value() != null) {
        values.put(said.getKey(), choice.value());
      }
      if (choice.isConflict()) {
        conflicts++;
      }
    }
    return new Merged(values, conflicts);
  }

  /** What became of every statement, by attribute. */
  public SortedMap<String, Decision> decisions(State state) {
    SortedMap<String, Decision> decisions = new TreeMap<>();
    state
        .byAttribute()
        .forEach(
            (attribute, statements) ->
                decisions.put(
                    attribute,
                    choose(rules.of(attribute), state.newest(), statements).explained(statements)));
    return decisions;
  }

  /**
   * Who decides about an attribute.
   *
   * @param rule by which
   * @param value the record's; null if those who decide say that there is none
   * @param winners whose statement it is
   * @param counting those that the rule chose from
   * @param pinned whether it is pinned, and so chosen from all
   */
  private record Choice(
      Rule rule,
      @Nullable Value value,
      List<Statement> winners,
      List<Statement> counting,
      boolean pinned) {

    static Choice of(Rule rule, Statement winner, List<Statement> counting, boolean pinned) {
      Value value = winner.value().isDeleted() ? null : winner.value();
      return new Choice(rule, value, List.of(winner), counting, pinned);
    }

    boolean isConflict() {
      if (counting.size() == 1 || rule.strategy() == Rule.Strategy.UNION) {
        return false;
      }
      Value winning = winners.get(0).value();
      for (Statement statement : counting) {
        if (!statement.value().equals(winning)) {
          return true;
        }
      }
      return false;
    }

    Decision explained(List<Statement> statements) {
      List<Loser> losers = new ArrayList<>();
      for (Statement statement : counting) {
        if (!winners.contains(statement)) {
          losers.add(new Loser(statement, reason(statement)));
        }
      }
      for (Statement statement : statements) {
        if (!counting.contains(statement)) {
          losers.add(new Loser(statement, Reason.STALE));
        }
      }
      return new Decision(Optional.ofNullable(value), rule, winners, losers, isConflict());
    }

    private Reason reason(Statement loser) {
      Statement winner = winners.get(0);
      if (pinned) {
        return Reason.PINNED;
      }
      return switch (rule.strategy()) {
        case UNION -> Reason.DELETED;
        case PRECEDENCE ->
            rule.rank(loser.source()) > rule.rank(winner.source())
                ? Reason.LOWER_PRECEDENCE
                : later(winner, loser);
        case MAX -> smaller(winner, loser);
        case LATEST, PIN -> later(winner, loser);
      };
    }

    private static Reason smaller(Statement winner, Statement loser) {
      Optional<BigDecimal> winning = winner.value().number();
      Optional<BigDecimal> losing = loser.value().number();
      if (winning.isEmpty()) {
        return later(winner, loser); // none of them is a number
      } else if (losing.isEmpty()) {
        return loser.value().isDeleted() ? Reason.DELETED : Reason.NOT_A_NUMBER;
      }
      return losing.get().compareTo(winning.get()) < 0 ? Reason.SMALLER : later(winner, loser);
    }

    private static Reason later(Statement winner, Statement loser) {
      return loser.observedAt().equals(winner.observedAt()) ? Reason.TIE : Reason.OLDER;
    }
  }

  private Choice choose(Rule rule, Instant newest, List<Statement> statements) {
    if (rule.strategy() == Rule.Strategy.PIN) {
      Statement pinned = best(statements, rule, Merge::isPinning, BY_RANK);
      if (pinned != null) {
        return Choice.of(rule, pinned, statements, true);
      }
    }
    List<Statement> counting = counting(newest, statements);
    return switch (rule.strategy()) {
      case PRECEDENCE -> Choice.of(rule, first(counting, rule, BY_RANK), counting, false);
      case LATEST, PIN -> Choice.of(rule, first(counting, rule, LATEST), counting, false);
      case MAX -> {
        Statement greatest = best(counting, rule, Merge::isNumber, GREATEST);
        yield Choice.of(
            rule, greatest != null ? greatest : first(counting, rule, LATEST), counting, false);
      }
      case UNION -> union(rule, counting);
    };
  }

  private List<Statement> counting(Instant newest, List<Statement> statements) {
    List<Statement> fresh = null;
    for (int i = 0; i < statements.size(); i++) {
      boolean stale = isStale(statements.get(i), newest);
      if (stale && fresh == null) {
        fresh = new ArrayList<>(statements.subList(0, i));
      } else if (!stale && fresh != null) {
        fresh.add(statements.get(i));
      }
    }
    return fresh == null || fresh.isEmpty() ? statements : fresh;
  }

  private boolean isStale(Statement statement, Instant newest) {
    if (statement.observedAt().equals(newest)) {
      return false;
    }
    Optional<Duration> staleAfter = rules.staleAfter(statement.source());
    return staleAfter.isPresent() && statement.observedAt().plus(staleAfter.get()).isBefore(newest);
  }

  private static Choice union(Rule rule, List<Statement> counting) {
    List<Statement> winners = new ArrayList<>(counting);
    winners.removeIf(each -> each.value().isDeleted());
    if (winners.isEmpty()) {
      return Choice.of(rule, first(counting, rule, LATEST), counting, false);
    }
    TreeSet<Value> elements = new TreeSet<>();
    winners.forEach(each -> elements.addAll(each.value().elements()));
    return new Choice(rule, Value.list(elements), winners, counting, false);
  }

  /** An order of statements under a rule, better ones first. */
  private interface Order {
    int compare(Rule rule, Statement one, Statement other);
  }

  private static final Order LATEST =
      (rule, one, other) -> Statement.LATEST_FIRST.compare(one, other);

  private static final Order BY_RANK =
      (rule, one, other) -> {
        int byRank = Integer.compare(rule.rank(one.source()), rule.rank(other.source()));
        return byRank != 0 ? byRank : Statement.LATEST_FIRST.compare(one, other);
      };

  private static final Order GREATEST =
      (rule, one, other) -> {
        BigDecimal number = one.value().number().orElseThrow();
        int bySize = other.value().number().orElseThrow().compareTo(number);
        return bySize != 0 ? bySize : Statement.LATEST_FIRST.compare(one, other);
      };

  private interface Fitness {
    boolean fits(Rule rule, Statement statement);
  }

  private static boolean isPinning(Rule rule, Statement statement) {
    return rule.sources().contains(statement.source()) && !statement.value().isDeleted();
  }

  private static boolean isNumber(Rule rule, Statement statement) {
    return statement.value().number().isPresent();
  }

  private static Statement first(List<Statement> statements, Rule rule, Order order) {
    Statement best = statements.get(0);
    for (Statement each : statements) {
      if (order.compare(rule, each, best) < 0) {
        best = each;
      }
    }
    return best;
  }

  private static @Nullable Statement best(
      List<Statement> statements, Rule rule, Fitness fitness, Order order) {
    Statement best = null;
    for (Statement each : statements) {
      if (fitness.fits(rule, each) && (best == null || order.compare(rule, each, best) < 0)) {
        best = each;
      }
    }
    return best;
  }
}
