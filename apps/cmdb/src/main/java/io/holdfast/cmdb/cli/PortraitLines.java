package io.holdfast.cmdb.cli;

import io.holdfast.cmdb.merge.Decision;
import io.holdfast.cmdb.merge.Decision.Loser;
import io.holdfast.cmdb.merge.Statement;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.store.Portrait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A machine for people, within 80 columns. One use, one thread. */
final class PortraitLines {

  private static final int NAME = 22;
  private static final int VALUE = 24;
  private static final int SOURCE = 10;
  private static final int AGE = 6;

  private final Portrait portrait;
  private final Instant newest;
  private final List<String> lines = new ArrayList<>();

  private PortraitLines(Portrait portrait) {
    this.portrait = portrait;
    this.newest = portrait.machine().state().newest();
  }

  static List<String> of(Portrait portrait) {
    PortraitLines text = new PortraitLines(portrait);
    text.head();
    portrait.decisions().entrySet().forEach(text::attribute);
    return text.lines;
  }

  private void head() {
    field("machine", portrait.machine().id());
    for (String redirect : portrait.redirects()) {
      field("", redirect + " turned out to be this one");
    }
    field(
        "version",
        portrait.machine().version() + ", written " + Screen.moment(portrait.updatedAt()));
    field("fence", Long.toString(portrait.machine().fence()));
    boolean inForce = portrait.machine().rules().equals(portrait.rulesInForce());
    field(
        "rules",
        portrait.machine().rules()
            + (inForce ? "" : ", no longer in force: the next ingest makes it anew"));
    field("newest", Screen.moment(newest) + " is the newest observation; ages count from it");
    long conflicts = portrait.conflicts();
    field("conflicts", conflicts + (conflicts == 0 ? "" : ", marked with !"));
    String name = "keys";
    for (Key key : portrait.keys()) {
      field(name, key + (key.kind().isStrong() ? "" : " (weak)"));
      name = "";
    }
    name = "sources";
    for (Map.Entry<String, Instant> heard : portrait.machine().state().lastHeard().entrySet()) {
      field(
          name,
          String.format(
              Locale.ROOT,
              "%-20s last heard %s, %s old",
              heard.getKey(),
              Screen.moment(heard.getValue()),
              age(heard.getValue())));
      name = "";
    }
    lines.add("");
    row(' ', "ATTRIBUTE", "VALUE", "SOURCE", "AGE", "RULE");
  }

  private void field(String name, String text) {
    line(String.format(Locale.ROOT, "%-10s %s", name, text));
  }

  private void line(String text) {
    lines.add(Screen.cut(text, Screen.COLUMNS).stripTrailing());
  }

  private void row(char mark, String name, String value, String source, String age, String rule) {
    String start = mark + " " + name;
    if (name.length() > NAME) {
      line(start);
      start = "";
    }
    line(
        String.format(
            Locale.ROOT,
            "%s %s %s %" + AGE + "s  %s",
            Screen.column(start, NAME + 2),
            Screen.column(value, VALUE),
            Screen.column(source, SOURCE),
            age,
            rule));
  }

  private void attribute(Map.Entry<String, Decision> decided) {
    Decision decision = decided.getValue();
    List<Statement> winners = decision.winners();
    Instant latest =
        winners.stream().map(Statement::observedAt).max(Instant::compareTo).orElse(newest);
    row(
        decision.isConflict() ? '!' : ' ',
        decided.getKey(),
        decision.value().map(Screen::value).orElse("none"),
        winners.size() == 1 ? winners.get(0).source() : winners.size() + " sources",
        age(latest),
        decision.rule().strategy().name().toLowerCase(Locale.ROOT));
    if (winners.size() > 1) {
      winners.forEach(winner -> statement('+', winner));
    }
    for (Loser loser : decision.losers()) {
      statement('-', loser.statement());
      line("      " + loser.reason().text());
    }
  }

  private void statement(char mark, Statement statement) {
    line(
        String.format(
            Locale.ROOT,
            "    %s %s %s %s",
            mark,
            Screen.column(statement.source(), SOURCE),
            Screen.moment(statement.observedAt()),
            Screen.value(statement.value())));
  }

  private String age(Instant moment) {
    return Screen.age(Duration.between(moment, newest));
  }
}
