package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Facts of Puppet's facter 3 and later, as {@code facter --json} prints them. */
record FacterShape() implements Shape {

  @Override
  public boolean fits(JsonNode root) {
    return root.path("facterversion").isTextual()
        || (root.path("networking").isObject() && root.path("os").isObject());
  }

  @Override
  public Report report(JsonNode facts, Instant otherwise) throws BadReportException {
    Findings found = new Findings();
    firmware(found, facts.path("dmi"));
    JsonNode instance = facts.path("ec2_metadata").path("instance-id");
    found.key(Key.Kind.CLOUD_ID, instance);
    system(found, facts);
    processors(found, facts.path("processors"));
    JsonNode memory = facts.path("memory");
    found.bytes("memory.bytes", memory.path("system").path("total_bytes"), 1);
    found.bytes("swap.bytes", memory.path("swap").path("total_bytes"), 1);
    found.things("disks", disks(facts.path("disks")));
    found.things("volumes", volumes(facts.path("mountpoints")));
    network(found, facts.path("networking"));
    return found.report("facter", otherwise);
  }

  private static void firmware(Findings found, JsonNode dmi) throws BadReportException {
    JsonNode product = dmi.path("product");
    found.key(Key.Kind.SERIAL, product.path("serial_number"));
    found.key(Key.Kind.UUID, product.path("uuid"));
    found.label("vendor", dmi.path("manufacturer"));
    found.label("model", product.path("name"));
    found.serial("assetTag", dmi.path("chassis").path("asset_tag"));
    found.label("chassis.type", dmi.path("chassis").path("type"));
    found.label("board.vendor", dmi.path("board").path("manufacturer"));
    found.label("board.model", dmi.path("board").path("product"));
    found.serial("board.serial", dmi.path("board").path("serial_number"));
    found.label("bios.vendor", dmi.path("bios").path("vendor"));
    found.label("bios.version", dmi.path("bios").path("version"));
    found.label("bios.date", dmi.path("bios").path("release_date"));
  }

  private static void system(Findings found, JsonNode facts) throws BadReportException {
    JsonNode os = facts.path("os");
    found.text("os.name", os.path("name"));
    found.text("os.version", os.path("release").path("full"));
    found.text("os.family", os.path("family"));
    found.label("os.codename", os.path("distro").path("codename"));
    JsonNode windows = os.path("windows").path("product_name");
    found.text(
        "os.description", windows.isTextual() ? windows : os.path("distro").path("description"));
    found.architecture(os.path("hardware"));
    found.folded("kernel.name", facts.path("kernel"));
    found.text("kernel.version", facts.path("kernelrelease"));
    found.folded("virtualization", facts.path("virtual"));
    found.text("timezone", facts.path("timezone"));
  }

  /** {@code cores} is per socket. */
  private static void processors(Findings found, JsonNode cpu) throws BadReportException {
    Optional<Long> sockets = Findings.number("cpu.sockets", cpu.path("physicalcount"), 1);
    found.count("cpu.logical", Findings.number("cpu.logical", cpu.path("count"), 1));
    found.count("cpu.sockets", sockets);
    if (sockets.isPresent() && sockets.get() > 0) {
      found.count("cpu.cores", Findings.number("cpu.cores", cpu.path("cores"), sockets.get()));
    }
    found.text("cpu.model", cpu.path("models").path(0));
  }

  private static List<ObjectNode> disks(JsonNode disks) throws BadReportException {
    List<ObjectNode> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> disk : disks.properties()) {
      JsonNode of = disk.getValue();
      ObjectNode thing =
          Findings.thing(
              Map.of(
                  "model", of.path("model"),
                  "vendor", of.path("vendor"),
                  "type", of.path("type"),
                  "serial", of.path(of.has("serial") ? "serial" : "serial_number")));
      thing.put("name", disk.getKey());
      Findings.bytes(thing, of.path("size_bytes"), 1);
      found.add(thing);
    }
    return found;
  }

  /** What lies on a disk; the rest is made by the kernel and comes and goes. */
  private static List<ObjectNode> volumes(JsonNode mounts) throws BadReportException {
    List<ObjectNode> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> mount : mounts.properties()) {
      JsonNode of = mount.getValue();
      String device = of.path("device").asText("");
      if (device.startsWith("/dev/") && !device.startsWith("/dev/loop")) {
        ObjectNode thing =
            Findings.thing(
                Map.of("device", of.path("device"), "filesystem", of.path("filesystem")));
        thing.put("mount", mount.getKey());
        Findings.bytes(thing, of.path("size_bytes"), 1);
        found.add(thing);
      }
    }
    return found;
  }

  private static void network(Findings found, JsonNode networking) throws BadReportException {
    found.mac(networking.path("mac"));
    found.host(networking.path("hostname"), networking.path("fqdn"));
    found.text("domain", networking.path("domain"));
    found.text("ipv4", networking.path("ip"));
    Map<String, JsonNode> interfaces = new TreeMap<>();
    networking
        .path("interfaces")
        .properties()
        .forEach(e -> interfaces.put(e.getKey(), e.getValue()));
    for (Map.Entry<String, JsonNode> each : interfaces.entrySet()) {
      JsonNode of = each.getValue();
      List<String> addresses = new ArrayList<>();
      for (String bindings : List.of("bindings", "bindings6")) {
        of.path(bindings).forEach(b -> addresses.add(b.path("address").asText("")));
      }
      addresses.add(of.path("ip").asText(""));
      addresses.add(of.path("ip6").asText(""));
      found.networkInterface(each.getKey(), of.path("mac"), addresses);
    }
  }
}
