package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an adapter found in a payload, under canonical names and in canonical units. Whatever is
 * missing, blank or of an unexpected type is left out: it is unknown. What is there and cannot be
 * kept makes a dead letter. Not thread-safe.
 */
final class Findings {

  /** What makers of disks mean by a megabyte. */
  static final long MEGA = 1_000_000;

  static final long MEBI = 1L << 20;
  static final long GIBI = 1L << 30;

  /** A host of many containers has hundreds of virtual interfaces; these tell it well enough. */
  private static final int MOST_INTERFACES = 64;

  private static final int MOST_NAMED = 3_000;
  private static final int LONGEST_NAME = 160;
  private static final Pattern NOT_FOR_NAMES = Pattern.compile("[^A-Za-z0-9._:/@ -]");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-f:]*:[0-9a-f:]*");
  private static final Pattern ZEROS = Pattern.compile("(?:^|:)0(?::0)+(?::|$)");
  private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);
  private static final int DIGITS = 20;

  private final List<Key> keys = new ArrayList<>();
  private final Map<String, Value> attributes = new TreeMap<>();
  private final SortedSet<String> macs = new TreeSet<>();
  private final SortedSet<String> interfaces = new TreeSet<>();

  /** The text of a text or a number, without white space around it; empty if it is neither. */
  static Optional<String> text(JsonNode node) {
    String text = "";
    if (node.isTextual()) {
      text = node.textValue().strip();
    } else if (node.isIntegralNumber()) {
      text = node.asText();
    }
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  void put(String name, JsonNode value) throws BadReportException {
    attributes.put(name, Value.of(value));
  }

  void text(String name, JsonNode node) throws BadReportException {
    text(name, text(node));
  }

  void text(String name, Optional<String> text) throws BadReportException {
    if (text.isPresent()) {
      put(name, TextNode.valueOf(text.get()));
    }
  }

  /** A text in lower case, where sources differ in case only. */
  void folded(String name, JsonNode node) throws BadReportException {
    text(name, text(node).map(text -> text.toLowerCase(Locale.ROOT)));
  }

  /** What a maker fills in, or leaves as a placeholder. */
  void label(String name, JsonNode node) throws BadReportException {
    text(name, text(node).filter(text -> !Key.isPlaceholder(text)));
  }

  /** A number that a maker gives, though none to tell machines by. */
  void serial(String name, JsonNode node) throws BadReportException {
    text(name, text(node).filter(text -> Key.of(Key.Kind.SERIAL, text).isPresent()));
  }

  /** A processor's architecture as Linux calls it. */
  void architecture(JsonNode node) throws BadReportException {
    text(
        "cpu.architecture",
        text(node)
            .map(text -> text.toLowerCase(Locale.ROOT))
            .map(
                text ->
                    switch (text) {
                      case "amd64", "x64" -> "x86_64";
                      case "arm64" -> "aarch64";
                      default -> text;
                    }));
  }

  /** A size in units of so many bytes, as bytes. */
  void bytes(String name, JsonNode node, long unit) throws BadReportException {
    count(name, number(name, node, unit));
  }

  /** How many there are; zero is what sources say that do not know. */
  void count(String name, Optional<Long> number) {
    number.filter(n -> n > 0).ifPresent(n -> attributes.put(name, Value.of(n)));
  }

  /** A whole number that is not negative, times its unit; empty if it is no number. */
  static Optional<Long> number(String name, JsonNode node, long unit) throws BadReportException {
    BigDecimal number;
    if (node.isNumber()) {
      number = node.decimalValue();
    } else if (node.isTextual() && node.textValue().strip().matches("[0-9]{1,18}")) {
      number = new BigDecimal(node.textValue().strip());
    } else {
      return Optional.empty();
    }
    long digits = (long) number.precision() - number.scale();
    if (number.signum() < 0 || digits > DIGITS) {
      throw outOfRange(name);
    }
    number = digits < -DIGITS ? BigDecimal.ZERO : number.multiply(BigDecimal.valueOf(unit));
    if (number.compareTo(MOST) > 0) {
      throw outOfRange(name);
    }
    return Optional.of(number.longValue());
  }

  private static BadReportException outOfRange(String name) {
    return new BadReportException(Fault.BAD_VALUE, name + " is out of range");
  }

  /** A key, and the attribute of its name. */
  void key(Key.Kind kind, JsonNode node) throws BadReportException {
    Optional<String> text = text(node);
    Optional<Key> key = text.flatMap(stated -> Key.of(kind, stated));
    key.ifPresent(keys::add);
    if (key.isPresent()) {
      text(kind.label(), kind == Key.Kind.UUID ? Optional.of(key.get().value()) : text);
    }
  }

  /** Names by which the host is found, and called even where one is too common to find it by. */
  void host(JsonNode hostname, JsonNode fqdn) throws BadReportException {
    for (JsonNode name : List.of(hostname, fqdn)) {
      text(name).flatMap(stated -> Key.of(Key.Kind.HOSTNAME, stated)).ifPresent(keys::add);
    }
    label("hostname", hostname);
    label("fqdn", fqdn);
  }

  /** An interface's address; the first that is given is the main one. */
  void mac(JsonNode node) {
    mac(text(node).orElse(""));
  }

  private Optional<String> mac(String stated) {
    Optional<Key> key = Key.of(Key.Kind.MAC, stated);
    if (key.isEmpty() || (macs.size() == MOST_INTERFACES && !macs.contains(key.get().value()))) {
      return Optional.empty();
    }
    macs.add(key.get().value());
    keys.add(key.get());
    return Optional.of(withColons(key.get()));
  }

  private static String withColons(Key mac) {
    return String.join(":", mac.value().split("(?<=\\G..)"));
  }

  /** An interface with its addresses; the loopback and link-local addresses say nothing. */
  void networkInterface(String name, JsonNode mac, Collection<String> addresses)
      throws BadReportException {
    String prefix = "network." + name(name);
    boolean known = interfaces.contains(prefix);
    if (name.matches("lo[0-9]*") || (!known && interfaces.size() == MOST_INTERFACES)) {
      return;
    }
    interfaces.add(prefix);
    text(prefix + ".mac", mac(text(mac).orElse("")));
    SortedSet<String> v4 = new TreeSet<>();
    SortedSet<String> v6 = new TreeSet<>();
    for (String address : addresses) {
      String folded = address.toLowerCase(Locale.ROOT);
      if (folded.contains(":")) {
        v6.add(shortest(folded.replaceFirst("[%/].*", "")));
      } else if (!folded.isBlank()) {
        v4.add(folded);
      }
    }
    v4.removeIf(address -> address.startsWith("127."));
    v6.removeIf(address -> address.startsWith("fe80:") || address.equals("::1"));
    texts(prefix + ".ipv4", v4);
    texts(prefix + ".ipv6", v6);
  }

  /** One spelling of an IPv6 address, with its longest run of zeros as two colons. */
  private static String shortest(String address) {
    try {
      if (!IPV6.matcher(address).matches()) {
        return address; // which no name server is to be asked about
      }
      String longest = "";
      String whole = InetAddress.getByName(address).getHostAddress();
      Matcher zeros = ZEROS.matcher(whole);
      while (zeros.find()) {
        longest = zeros.group().length() > longest.length() ? zeros.group() : longest;
      }
      return longest.isEmpty() ? whole : whole.replaceFirst(longest, "::");
    } catch (UnknownHostException e) {
      return address;
    }
  }

  /** Texts whose order says nothing, sorted. */
  void texts(String name, Collection<String> texts) throws BadReportException {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    new TreeSet<>(texts).forEach(list::add);
    if (!list.isEmpty()) {
      put(name, list);
    }
  }

  /**
   * Things of one sort, sorted by how they are written, so that the order in which a source lists
   * them makes no difference. What does not fit into a value is left out.
   */
  void things(String name, Collection<ObjectNode> things) throws BadReportException {
    SortedSet<Value> sorted = new TreeSet<>();
    for (ObjectNode thing : things) {
      if (!thing.isEmpty()) {
        sorted.add(Value.of(thing));
      }
    }
    StringBuilder list = new StringBuilder("[");
    for (Value thing : sorted) {
      if (list.length() + thing.json().length() + 2 <= Value.LONGEST) {
        list.append(list.length() == 1 ? "" : ",").append(thing.json());
      }
    }
    if (list.length() > 1) {
      attributes.put(name, new Value(list.append(']').toString()));
    }
  }

  /**
   * Texts by names that the source's user chose, as {@code prefix.name}. Characters that no
   * attribute's name has become {@code _}; of names that are the same then, the first one stays.
   */
  void named(String prefix, Map<String, String> texts) throws BadReportException {
    int left = MOST_NAMED;
    for (Map.Entry<String, String> each : new TreeMap<>(texts).entrySet()) {
      String name = prefix + "." + name(each.getKey());
      if (left > 0 && !attributes.containsKey(name)) {
        put(name, TextNode.valueOf(each.getValue()));
        left--;
      }
    }
  }

  private static String name(String stated) {
    String name = NOT_FOR_NAMES.matcher(stated.strip()).replaceAll("_");
    return name.substring(0, Math.min(name.length(), LONGEST_NAME));
  }

  /** A thing of these members, as far as they are known. */
  static ObjectNode thing(Map<String, JsonNode> members) {
    ObjectNode thing = JsonNodeFactory.instance.objectNode();
    members.forEach(
        (name, value) -> text(value).ifPresent(known -> thing.set(name, textOrNumber(value))));
    return thing;
  }

  private static JsonNode textOrNumber(JsonNode node) {
    return node.isTextual() ? TextNode.valueOf(node.textValue().strip()) : node;
  }

  /** A thing's size, if it is known. */
  static void bytes(ObjectNode thing, JsonNode node, long unit) throws BadReportException {
    number("bytes", node, unit).filter(n -> n > 0).ifPresent(n -> thing.put("bytes", n));
  }

  /** All of it as a report. */
  Report report(String source, Instant observedAt) throws BadReportException {
    List<String> addresses = new ArrayList<>();
    for (Key key : new TreeSet<>(keys)) {
      if (key.kind() == Key.Kind.MAC) {
        addresses.add(withColons(key));
      }
    }
    texts("macs", addresses);
    return Report.of(source, observedAt, keys, attributes);
  }
}
