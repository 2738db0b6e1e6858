package io.holdfast.cmdb.merge;

import io.holdfast.cmdb.merge.Decision.Loser;
import io.holdfast.cmdb.merge.Decision.Reason;
import io.holdfast.cmdb.report.Value;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

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

  /** The record: each attribute that there is, with its value. */
  public SortedMap<String, Value> record(State state) {
    SortedMap<String, Value> values = new TreeMap<>();
    decisions(state)
        .forEach(
            (attribute, decision) ->
                decision.value().ifPresent(value -> values.put(attribute, value)));
    return values;
  }

  /** What became of every statement, by attribute. */
  public SortedMap<String, Decision> decisions(State state) {
    SortedMap<String, Decision> decisions = new TreeMap<>();
    Optional<Instant> newest = state.newest();
    state
        .byAttribute()
        .forEach(
            (attribute, statements) ->
                decisions.put(
                    attribute, decide(rules.of(attribute), newest.orElseThrow(), statements)));
    return decisions;
  }

  private Decision decide(Rule rule, Instant newest, List<Statement> statements) {
    if (rule.strategy() == Rule.Strategy.PIN) {
      Optional<Statement> pinned =
          statements.stream()
              .filter(each -> rule.sources().contains(each.source()) && !each.value().isDeleted())
              .min(Comparator.comparing(each -> rule.rank(each.source())));
      if (pinned.isPresent()) {
        return decision(rule, pinned.get(), statements, each -> Reason.PINNED);
      }
    }
    List<Statement> fresh = new ArrayList<>(statements);
    fresh.removeIf(statement -> isStale(statement, newest));
    List<Statement> counting = fresh.isEmpty() ? statements : fresh;
    Decision decision =
        switch (rule.strategy()) {
          case PRECEDENCE -> byPrecedence(rule, counting);
          case LATEST, PIN -> latest(rule, counting);
          case UNION -> union(rule, counting);
          case MAX -> max(rule, counting);
        };
    if (counting.size() == statements.size()) {
      return decision;
    }
    List<Loser> losers = new ArrayList<>(decision.losers());
    for (Statement statement : statements) {
      if (!counting.contains(statement)) {
        losers.add(new Loser(statement, Reason.STALE));
      }
    }
    return new Decision(decision.value(), rule, decision.winners(), losers);
  }

  private boolean isStale(Statement statement, Instant newest) {
    return rules
        .staleAfter(statement.source())
        .map(span -> statement.observedAt().plus(span).isBefore(newest))
        .orElse(false);
  }

  private static Decision byPrecedence(Rule rule, List<Statement> counting) {
    Statement winner =
        counting.stream()
            .min(
                Comparator.<Statement>comparingInt(each -> rule.rank(each.source()))
                    .thenComparing(Statement.LATEST_FIRST))
            .orElseThrow();
    return decision(
        rule,
        winner,
        counting,
        loser ->
            rule.rank(loser.source()) > rule.rank(winner.source())
                ? Reason.LOWER_PRECEDENCE
                : olderThan(winner, loser));
  }

  private static Decision latest(Rule rule, List<Statement> counting) {
    Statement winner = counting.stream().min(Statement.LATEST_FIRST).orElseThrow();
    return decision(rule, winner, counting, loser -> olderThan(winner, loser));
  }

  private static Reason olderThan(Statement winner, Statement loser) {
    return loser.observedAt().equals(winner.observedAt()) ? Reason.TIE : Reason.OLDER;
  }

  private static Decision max(Rule rule, List<Statement> counting) {
    Optional<Statement> greatest =
        counting.stream()
            .filter(each -> each.value().number().isPresent())
            .min(
                Comparator.<Statement, BigDecimal>comparing(
                        each -> each.value().number().orElseThrow(), Comparator.reverseOrder())
                    .thenComparing(Statement.LATEST_FIRST));
    if (greatest.isEmpty()) {
      return latest(rule, counting);
    }
    BigDecimal winning = greatest.get().value().number().orElseThrow();
    return decision(
        rule,
        greatest.get(),
        counting,
        loser ->
            loser.value().isDeleted()
                ? Reason.DELETED
                : loser
                    .value()
                    .number()
                    .map(
                        number ->
                            number.compareTo(winning) < 0
                                ? Reason.SMALLER
                                : olderThan(greatest.get(), loser))
                    .orElse(Reason.NOT_A_NUMBER));
  }

  private static Decision union(Rule rule, List<Statement> counting) {
    List<Statement> winners = new ArrayList<>(counting);
    winners.removeIf(each -> each.value().isDeleted());
    if (winners.isEmpty()) {
      return latest(rule, counting);
    }
    TreeSet<Value> elements = new TreeSet<>();
    winners.forEach(each -> elements.addAll(each.value().elements()));
    List<Loser> losers = new ArrayList<>();
    for (Statement statement : counting) {
      if (statement.value().isDeleted()) {
        losers.add(new Loser(statement, Reason.DELETED));
      }
    }
    return new Decision(Optional.of(Value.list(elements)), rule, winners, losers);
  }

  /** Why one that is not the winner is not. */
  private interface Why {
    Reason of(Statement loser);
  }

  private static Decision decision(
      Rule rule, Statement winner, List<Statement> statements, Why why) {
    List<Loser> losers = new ArrayList<>();
    for (Statement statement : statements) {
      if (!statement.equals(winner)) {
        losers.add(new Loser(statement, why.of(statement)));
      }
    }
    Optional<Value> value =
        winner.value().isDeleted() ? Optional.empty() : Optional.of(winner.value());
    return new Decision(value, rule, List.of(winner), losers);
  }
}
