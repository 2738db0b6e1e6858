package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.holdfast.cmdb.merge.Decision;
import io.holdfast.cmdb.merge.Decision.Loser;
import io.holdfast.cmdb.merge.Statement;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Portrait;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A machine as JSON. Its names are a promise. */
final class PortraitJson {

  private PortraitJson() {}

  static ObjectNode of(Portrait portrait) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("id", portrait.machine().id());
    ArrayNode redirects = node.putArray("redirectedFrom");
    portrait.redirects().forEach(redirects::add);
    node.put("version", portrait.machine().version());
    node.put("fence", portrait.machine().fence());
    node.put("updatedAt", portrait.updatedAt().toString());
    node.put("rules", portrait.machine().rules());
    node.put("rulesInForce", portrait.rulesInForce());
    Instant newest = portrait.machine().state().newest();
    node.put("newestObservation", newest.toString());
    node.put("conflicts", portrait.conflicts());
    ArrayNode keys = node.putArray("keys");
    for (Key key : portrait.keys()) {
      keys.addObject()
          .put("kind", key.kind().label())
          .put("value", key.value())
          .put("strong", key.kind().isStrong());
    }
    ArrayNode sources = node.putArray("sources");
    portrait
        .machine()
        .state()
        .lastHeard()
        .forEach(
            (source, moment) ->
                sources.addObject().put("source", source).put("lastHeard", moment.toString()));
    ObjectNode attributes = node.putObject("attributes");
    for (Map.Entry<String, Decision> decided : portrait.decisions().entrySet()) {
      attribute(attributes.putObject(decided.getKey()), decided.getValue(), newest);
    }
    return node;
  }

  private static void attribute(ObjectNode node, Decision decision, Instant newest) {
    put(node, decision.value());
    node.put("conflict", decision.isConflict());
    ObjectNode rule = node.putObject("rule");
    rule.put("strategy", decision.rule().strategy().name().toLowerCase(Locale.ROOT));
    ArrayNode ranked = rule.putArray("sources");
    decision.rule().sources().forEach(ranked::add);
    ArrayNode winners = node.putArray("winners");
    decision.winners().forEach(winner -> statement(winners.addObject(), winner, newest));
    ArrayNode losers = node.putArray("losers");
    for (Loser loser : decision.losers()) {
      ObjectNode lost = losers.addObject();
      statement(lost, loser.statement(), newest);
      lost.put("reason", loser.reason().name().toLowerCase(Locale.ROOT).replace('_', '-'));
      lost.put("why", loser.reason().text());
    }
  }

  private static void statement(ObjectNode node, Statement statement, Instant newest) {
    node.put("source", statement.source());
    put(node, Optional.of(statement.value()).filter(value -> !value.isDeleted()));
    node.put("observedAt", statement.observedAt().toString());
    node.put("ageSeconds", Duration.between(statement.observedAt(), newest).toSeconds());
    node.put("report", statement.reportId());
  }

  private static void put(ObjectNode node, Optional<Value> value) {
    if (value.isPresent()) {
      node.putRawValue("value", new RawValue(value.get().json()));
    } else {
      node.putNull("value");
    }
  }
}
