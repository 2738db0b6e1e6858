package io.holdfast.cmdb.merge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.report.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The rules of the merge, as a small file has them:
 *
 * <pre>{@code
 * {"sources": {"facter": {"staleAfter": "P7D"}, "*": {"staleAfter": "P30D"}},
 *  "attributes": {"os.*": {"strategy": "precedence", "sources": ["manual", "facter"]},
 *                 "macs": {"strategy": "union"},
 *                 "*": {"strategy": "latest"}}}
 * }</pre>
 *
 * <p>For an attribute the rule of its own name counts, else the longest that ends in {@code *} and
 * fits. {@code "*"} has to be there. Sources without {@code staleAfter} never go stale. Immutable
 * and thread-safe.
 */
public final class Rules {

  /** How much a file of rules may hold, in characters. */
  public static final int LONGEST = 1024 * 1024;

  private static final Duration LONGEST_SPAN = Duration.ofDays(36_500);
  private static final String ANY = "*";

  private final String text;
  private final String id;
  private final Map<String, Rule> byName = new HashMap<>();
  private final SortedMap<String, Rule> byPrefix =
      new TreeMap<>(
          (one, other) -> // the longest first
          one.length() != other.length() ? other.length() - one.length() : one.compareTo(other));
  private final Map<String, Optional<Duration>> staleAfter = new HashMap<>();

  private Rules(String text) {
    this.text = text;
    this.id = digest(text);
  }

  /** The rules that are in force where none are given. */
  public static Rules defaults() {
    try (InputStream in = Rules.class.getResourceAsStream("default-rules.json")) {
      if (in == null) {
        throw new IllegalStateException("default-rules.json is missing beside the class files");
      }
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads rules.
   *
   * @throws IllegalArgumentException if they are none; the message says what is wrong with them
   */
  public static Rules parse(String text) {
    if (text.length() > LONGEST) {
      throw new IllegalArgumentException("longer than " + LONGEST + " characters");
    }
    JsonNode root;
    try {
      root = Json.parse(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage());
    }
    onlyMembers(root, "the rules", List.of("sources", "attributes"));
    Rules rules = new Rules(text);
    for (Map.Entry<String, JsonNode> source : root.path("sources").properties()) {
      onlyMembers(source.getValue(), "source " + source.getKey(), List.of("staleAfter"));
      rules.staleAfter.put(source.getKey(), span(source.getKey(), source.getValue()));
    }
    for (Map.Entry<String, JsonNode> attribute : root.path("attributes").properties()) {
      rules.add(attribute.getKey(), rule(attribute.getKey(), attribute.getValue()));
    }
    if (!rules.byPrefix.containsKey("")) {
      throw new IllegalArgumentException("no rule for \"*\", which is for all other attributes");
    }
    return rules;
  }

  private static void onlyMembers(JsonNode node, String what, List<String> known) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(what + ": a JSON object is wanted");
    }
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (!known.contains(member.getKey())) {
        throw new IllegalArgumentException(
            what + ": " + member.getKey() + " is none of " + String.join(", ", known));
      }
    }
  }

  private static Optional<Duration> span(String source, JsonNode node) {
    JsonNode span = node.path("staleAfter");
    if (span.isMissingNode() || span.isNull()) {
      return Optional.empty();
    }
    try {
      Duration parsed = Duration.parse(span.asText());
      if (parsed.isNegative() || parsed.isZero() || parsed.compareTo(LONGEST_SPAN) > 0) {
        throw new IllegalArgumentException(
            "source " + source + ": staleAfter is more than zero and at most 36500 days");
      }
      return Optional.of(parsed);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "source " + source + ": staleAfter is no duration such as P7D or PT12H: " + span, e);
    }
  }

  private static Rule rule(String attribute, JsonNode node) {
    String what = "attribute " + attribute;
    onlyMembers(node, what, List.of("strategy", "sources"));
    List<String> sources = new ArrayList<>();
    for (JsonNode source : node.path("sources")) {
      if (!source.isTextual() || sources.contains(source.textValue())) {
        throw new IllegalArgumentException(what + ": sources is a list of names, each once");
      }
      sources.add(source.textValue());
    }
    Rule.Strategy strategy = strategy(what, node.path("strategy").asText());
    boolean ranked = strategy == Rule.Strategy.PRECEDENCE || strategy == Rule.Strategy.PIN;
    if (ranked == sources.isEmpty()) {
      throw new IllegalArgumentException(
          what + ": precedence and pin name their sources, the others have none");
    }
    return new Rule(strategy, sources);
  }

  private static Rule.Strategy strategy(String what, String name) {
    for (Rule.Strategy strategy : Rule.Strategy.values()) {
      if (strategy.name().toLowerCase(Locale.ROOT).equals(name)) {
        return strategy;
      }
    }
    throw new IllegalArgumentException(
        what + ": a strategy is precedence, latest, union, max or pin, not: " + name);
  }

  private void add(String pattern, Rule rule) {
    int star = pattern.indexOf(ANY);
    if (star < 0) {
      byName.put(pattern, rule);
    } else if (star == pattern.length() - 1) {
      byPrefix.put(pattern.substring(0, star), rule);
    } else {
      throw new IllegalArgumentException("attribute " + pattern + ": * stands at the end only");
    }
  }

  private static String digest(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** 16 hexadecimal digits that stand for exactly this text. */
  public String id() {
    return id;
  }

  /** The file's text. */
  public String text() {
    return text;
  }

  /** The rule for an attribute. */
  public Rule of(String attribute) {
    Rule own = byName.get(attribute);
    if (own != null) {
      return own;
    }
    for (Map.Entry<String, Rule> prefix : byPrefix.entrySet()) {
      if (attribute.startsWith(prefix.getKey())) {
        return prefix.getValue();
      }
    }
    throw new IllegalStateException("there is always a rule for *");
  }

  /** How long a source's statement counts, measured against the machine's newest observation. */
  public Optional<Duration> staleAfter(String source) {
    Optional<Duration> own = staleAfter.get(source);
    return own != null ? own : staleAfter.getOrDefault(ANY, Optional.empty());
  }
}
