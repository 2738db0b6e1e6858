package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An inventory of a GLPI agent, whole or partial. A partial one has only some sections; the others
 * are unknown, and nothing here says otherwise. It has no moment of its own that could be trusted:
 * its dates are local time without a zone.
 */
record GlpiShape() implements Shape {

  @Override
  public boolean fits(JsonNode root) {
    return root.path("deviceid").isTextual() && root.path("content").isObject();
  }

  @Override
  public List<JsonNode> parts(JsonNode root) throws BadReportException {
    String action = root.path("action").asText("inventory");
    if (!action.equals("inventory")) {
      throw another(action);
    }
    String type = root.path("itemtype").asText("Computer");
    if (!type.equals("Computer")) {
      throw another(type);
    }
    return List.of(root);
  }

  private static BadReportException another(String name) {
    return new BadReportException(
        Fault.ANOTHER_THING,
        "a GLPI " + ReportJson.shown(name) + ", not the inventory of a computer");
  }

  @Override
  public Report report(JsonNode root, Instant otherwise) throws BadReportException {
    Findings found = new Findings();
    JsonNode content = root.path("content");
    found.key(Key.Kind.AGENT_ID, root.path("deviceid"));
    found.text("tags.glpi", root.path("tag"));
    found.text("agent.version", content.path("versionclient"));
    firmware(found, content.path("bios"));
    hardware(found, content.path("hardware"));
    JsonNode os = content.path("operatingsystem");
    found.host(content.path("hardware").path("name"), os.path("fqdn"));
    system(found, os);
    processors(found, content.path("cpus"));
    interfaces(found, content.path("networks"));
    found.things("disks", disks(content.path("storages")));
    found.things("volumes", volumes(content.path("drives")));
    found.things("memory.modules", modules(content.path("memories")));
    found.things("batteries", batteries(content.path("batteries")));
    found.things(
        "monitors",
        plain(content.path("monitors"), Map.of("vendor", "manufacturer"), "name", "serial"));
    found.things(
        "guests", plain(content.path("virtualmachines"), Map.of("type", "vmtype"), "name", "uuid"));
    found.things(
        "databases",
        plain(content.path("databases_services"), Map.of(), "name", "type", "version", "port"));
    found.named("software", software(content.path("softwares")));
    return found.report("glpi", otherwise);
  }

  private static void firmware(Findings found, JsonNode bios) throws BadReportException {
    found.key(Key.Kind.SERIAL, bios.path("ssn"));
    found.label("vendor", bios.path("smanufacturer"));
    found.label("model", bios.path("smodel"));
    found.serial("assetTag", bios.path("assettag"));
    found.label("sku", bios.path("skunumber"));
    found.label("board.vendor", bios.path("mmanufacturer"));
    found.label("board.model", bios.path("mmodel"));
    found.serial("board.serial", bios.path("msn"));
    found.label("bios.vendor", bios.path("bmanufacturer"));
    found.label("bios.version", bios.path("bversion"));
    found.label("bios.date", bios.path("bdate"));
  }

  private static void hardware(Findings found, JsonNode hardware) throws BadReportException {
    found.key(Key.Kind.UUID, hardware.path("uuid"));
    found.bytes("memory.bytes", hardware.path("memory"), Findings.MEBI);
    found.bytes("swap.bytes", hardware.path("swap"), Findings.MEBI);
    found.label("chassis.type", hardware.path("chassis_type"));
    found.folded("virtualization", hardware.path("vmsystem"));
    found.text("gateway", hardware.path("defaultgateway"));
  }

  private static void system(Findings found, JsonNode os) throws BadReportException {
    found.text("domain", os.path("dns_domain"));
    found.text("os.name", os.path("name"));
    found.text("os.version", os.path("version"));
    found.text("os.description", os.path("full_name"));
    found.folded("kernel.name", os.path("kernel_name"));
    found.text("kernel.version", os.path("kernel_version"));
    found.architecture(os.path("arch"));
    found.text("timezone", os.path("timezone").path("name"));
  }

  private static void processors(Findings found, JsonNode cpus) throws BadReportException {
    if (!cpus.isArray()) {
      return;
    }
    found.count("cpu.sockets", Optional.of((long) cpus.size()));
    found.count("cpu.cores", sum("core", cpus));
    found.count("cpu.logical", sum("thread", cpus));
    found.text("cpu.model", cpus.path(0).path("name"));
  }

  /** Empty if one of them does not say it: a part is no sum. */
  private static Optional<Long> sum(String member, JsonNode cpus) throws BadReportException {
    long sum = 0;
    for (JsonNode cpu : cpus) {
      Optional<Long> number = Findings.number("cpus." + member, cpu.path(member), 1);
      if (number.isEmpty()) {
        return Optional.empty();
      }
      sum = Math.addExact(sum, Math.min(number.get(), Integer.MAX_VALUE));
    }
    return Optional.of(sum);
  }

  /** An interface is listed once for each of its addresses; real ones tell a machine better. */
  private static void interfaces(Findings found, JsonNode networks) throws BadReportException {
    Map<String, List<JsonNode>> byName = new TreeMap<>();
    List<JsonNode> sorted = new ArrayList<>();
    networks.forEach(sorted::add);
    sorted.sort(
        Comparator.comparing((JsonNode each) -> each.path("virtualdev").asBoolean())
            .thenComparing(each -> each.path("description").asText("")));
    for (JsonNode each : sorted) {
      if (!each.path("type").asText("").equals("loopback")) {
        found.mac(each.path("mac"));
        Findings.text(each.path("description"))
            .ifPresent(name -> byName.computeIfAbsent(name, n -> new ArrayList<>()).add(each));
      }
    }
    for (Map.Entry<String, List<JsonNode>> each : byName.entrySet()) {
      List<String> addresses = new ArrayList<>();
      for (JsonNode of : each.getValue()) {
        addresses.add(of.path("ipaddress").asText(""));
        addresses.add(of.path("ipaddress6").asText(""));
      }
      found.networkInterface(each.getKey(), each.getValue().get(0).path("mac"), addresses);
    }
  }

  private static List<ObjectNode> disks(JsonNode storages) throws BadReportException {
    return sized(
        storages,
        Map.of("vendor", "manufacturer", "type", "type"),
        "disksize",
        Findings.MEGA,
        List.of("name", "model", "serial", "firmware"));
  }

  private static List<ObjectNode> volumes(JsonNode drives) throws BadReportException {
    return sized(
        drives,
        Map.of("mount", "type", "device", "volumn"),
        "total",
        Findings.MEBI,
        List.of("filesystem"));
  }

  private static List<ObjectNode> modules(JsonNode memories) throws BadReportException {
    return sized(
        memories,
        Map.of("vendor", "manufacturer", "serial", "serialnumber", "slot", "numslots"),
        "capacity",
        Findings.MEBI,
        List.of("type", "speed"));
  }

  private static List<ObjectNode> batteries(JsonNode batteries) {
    return plain(
        batteries,
        Map.of("vendor", "manufacturer", "realCapacity", "real_capacity"),
        "name",
        "serial",
        "chemistry",
        "capacity");
  }

  private static List<ObjectNode> sized(
      JsonNode section, Map<String, String> renamed, String size, long unit, List<String> same)
      throws BadReportException {
    List<ObjectNode> things = plain(section, renamed, same.toArray(new String[0]));
    for (int i = 0; i < things.size(); i++) {
      Findings.bytes(things.get(i), section.path(i).path(size), unit);
    }
    return things;
  }

  private static List<ObjectNode> plain(
      JsonNode section, Map<String, String> renamed, String... same) {
    List<ObjectNode> things = new ArrayList<>();
    for (JsonNode each : section) {
      Map<String, JsonNode> members = new TreeMap<>();
      renamed.forEach((canonical, theirs) -> members.put(canonical, each.path(theirs)));
      for (String member : same) {
        members.put(member, each.path(member));
      }
      things.add(Findings.thing(members));
    }
    return things;
  }

  /** Versions by name: a kernel may be there in several. */
  private static Map<String, String> software(JsonNode softwares) {
    Map<String, TreeSet<String>> versions = new TreeMap<>();
    for (JsonNode each : softwares) {
      Findings.text(each.path("name"))
          .ifPresent(
              name ->
                  versions
                      .computeIfAbsent(name, n -> new TreeSet<>())
                      .add(Findings.text(each.path("version")).orElse("")));
    }
    Map<String, String> joined = new TreeMap<>();
    versions.forEach((name, all) -> joined.put(name, String.join(", ", all)));
    return joined;
  }
}
