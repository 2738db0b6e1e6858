package io.holdfast.cmdb.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Payloads as a fleet of machines would send them, made from a seed: each machine is seen by
 * several sources in the shapes of their own (facter, GLPI full and partial, Redfish, EC2,
 * canonical), with what makes life hard: keys that only together tell one machine, junk in key
 * fields, sources that disagree, replays, old news after new, and broken input, of which the number
 * is known.
 */
final class Fleet {

  /**
   * What arrives.
   *
   * @param text the payload, one line
   * @param observedAt when it was seen, for shapes that do not say so
   */
  record Payload(String text, Instant observedAt) {}

  private static final Instant NEWEST = Instant.parse("2026-11-20T08:00:00Z");
  private static final List<String> JUNK =
      List.of("0", "To Be Filled By O.E.M.", "Default string", "None", "System Serial Number");
  private static final List<String> BROKEN =
      List.of(
          "{\"source\":\"facter\",\"observedAt\":",
          "not json at all",
          "{\"source\":\"demo\",\"observedAt\":\"yesterday\",\"keys\":{\"serial\":\"x1y2\"},\"attributes\":{}}",
          "{\"source\":\"demo\",\"observedAt\":\"2026-01-01T00:00:00Z\",\"keys\":{},\"attributes\":{}}",
          "{\"source\":\"demo\",\"observedAt\":\"2026-01-01T00:00:00Z\",\"keys\":{\"serial\":\"x1y2\"},"
              + "\"attributes\":{\"memory.bytes\":1e999}}",
          "{\"source\":\"demo\",\"source\":\"omed\",\"observedAt\":\"2026-01-01T00:00:00Z\","
              + "\"keys\":{\"serial\":\"x1y2\"},\"attributes\":{}}",
          "{\"hello\":\"world\"}",
          "{\"@odata.type\":\"#Chassis.v1_0_0.Chassis\",\"SerialNumber\":\"c1\"}");

  private final Random random;
  private final List<Payload> payloads = new ArrayList<>();
  private int broken;

  /** The same seed makes the same fleet. */
  Fleet(long seed, int machines) {
    this.random = new Random(seed);
    for (int i = 0; i < machines; i++) {
      machine(seed, i);
    }
    List<Payload> replays = new ArrayList<>();
    for (Payload payload : payloads) {
      if (random.nextInt(20) == 0) {
        replays.add(payload);
      }
    }
    payloads.addAll(replays);
    int wanted = Math.max(BROKEN.size(), machines / 25);
    for (int i = 0; i < wanted; i++) {
      add(BROKEN.get(i % BROKEN.size()), NEWEST);
      broken++;
    }
    Collections.shuffle(payloads, random);
  }

  /** All of it, in disorder. */
  List<Payload> payloads() {
    return Collections.unmodifiableList(payloads);
  }

  /** How many of the payloads can never be merged. */
  int broken() {
    return broken;
  }

  /** One machine's looks. */
  private record Machine(
      int number,
      String serial,
      String uuid,
      String mac,
      String name,
      boolean inCloud,
      String cloudId) {}

  private void machine(long seed, int number) {
    String digits = String.format("%08x%06x", (int) seed, number);
    Machine machine =
        new Machine(
            number,
            "SN" + digits,
            String.format(
                "4c4c4544-%04x-4d10-8034-%012x",
                number & 0xffff, (seed & 0xffffffL) | ((long) number << 24)),
            String.format(
                "52:54:%02x:%02x:%02x:%02x",
                seed & 0xff, number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff),
            "node-" + digits,
            number % 3 == 0,
            "i-0" + digits);
    // Each source sees it once or several times, some days apart.
    for (int sight = 0; sight <= random.nextInt(2); sight++) {
      facter(machine);
      glpi(machine);
      if (machine.inCloud()) {
        ec2(machine);
        agent(machine);
      } else {
        redfish(machine);
      }
    }
    if (random.nextInt(5) == 0) {
      monitor(machine);
    }
  }

  private Instant sometime() {
    return NEWEST.minus(Duration.ofHours(random.nextInt(24 * 20)));
  }

  private void facter(Machine machine) {
    ObjectNode facts = Json.OWN.createObjectNode();
    ObjectNode product = facts.putObject("dmi").putObject("product");
    product.put("serial_number", random.nextInt(8) == 0 ? junk() : machine.serial());
    product.put("uuid", machine.uuid());
    product.put("name", "R" + 600 + machine.number() % 4 * 10);
    facts.withObject("/dmi").put("manufacturer", "Demo Inc.");
    ObjectNode networking = facts.putObject("networking");
    networking.put("mac", machine.mac());
    networking.put("hostname", machine.name());
    networking.put("fqdn", machine.name() + ".demo.example");
    networking.put("ip", "192.0.2." + machine.number() % 250);
    ObjectNode os = facts.putObject("os");
    os.put("name", "Debian").put("family", "Debian");
    os.putObject("release").put("full", "12." + random.nextInt(5));
    facts.put("kernel", "Linux").put("kernelrelease", "6.1.0-" + random.nextInt(30));
    facts.putObject("processors").put("count", 16).put("physicalcount", 2);
    facts
        .putObject("memory")
        .putObject("system")
        .put("total_bytes", (64L << 30) - random.nextInt(1 << 20));
    facts.put("facterversion", "4.5.0");
    add(facts.toString(), sometime());
  }

  private void glpi(Machine machine) {
    ObjectNode root = Json.OWN.createObjectNode();
    root.put("action", "inventory").put("itemtype", "Computer");
    root.put("deviceid", machine.name() + "-2026-01-01-00-00-00");
    ObjectNode content = root.putObject("content");
    content.put("versionclient", "GLPI-Agent_v1.7");
    content
        .putObject("bios")
        .put("ssn", machine.serial())
        .put("smanufacturer", "Demo")
        .put("smodel", "R" + 600 + machine.number() % 4 * 10)
        .put("assettag", "A" + machine.number());
    content
        .putObject("hardware")
        .put("name", machine.name())
        .put("uuid", machine.uuid().toUpperCase(java.util.Locale.ROOT))
        .put("memory", 65_536 - random.nextInt(64));
    if (random.nextBoolean()) {
      root.put("partial", true);
    } else {
      content
          .putObject("operatingsystem")
          .put("name", "Debian GNU/Linux")
          .put("version", "12." + random.nextInt(5));
      ArrayNode cpus = content.putArray("cpus");
      cpus.addObject().put("core", 8).put("thread", 8).put("name", "Demo CPU");
      cpus.addObject().put("core", 8).put("thread", 8).put("name", "Demo CPU");
    }
    add(root.toString(), sometime());
  }

  private void redfish(Machine machine) {
    ObjectNode system = Json.OWN.createObjectNode();
    system.put("@odata.type", "#ComputerSystem.v1_13_0.ComputerSystem");
    system.put("SerialNumber", machine.serial());
    system.put("UUID", machine.uuid());
    system.put("Manufacturer", "Demo Incorporated").put("Model", "PowerDemo R6");
    system.put("BiosVersion", "2." + random.nextInt(4));
    system.put("PowerState", random.nextInt(20) == 0 ? "Off" : "On");
    system.putObject("MemorySummary").put("TotalSystemMemoryGiB", 64);
    system
        .putObject("Location")
        .putObject("Placement")
        .put("Rack", "rack-" + machine.number() % 40);
    add(system.toString(), sometime());
  }

  private void ec2(Machine machine) {
    ObjectNode root = Json.OWN.createObjectNode();
    ObjectNode instance =
        root.putArray("Reservations").addObject().putArray("Instances").addObject();
    instance.put("InstanceId", machine.cloudId()).put("InstanceType", "m5.4xlarge");
    instance.putObject("State").put("Name", random.nextInt(20) == 0 ? "stopped" : "running");
    instance.put("PrivateDnsName", machine.name() + ".ec2.internal");
    instance.putArray("NetworkInterfaces").addObject().put("MacAddress", machine.mac());
    instance
        .putArray("Tags")
        .addObject()
        .put("Key", "team")
        .put("Value", "t" + machine.number() % 7);
    add(root.toString(), sometime());
  }

  /** The one that knows both names: what EC2 and the others say becomes one machine by it. */
  private void agent(Machine machine) {
    ObjectNode report = canonical("agent");
    report.putObject("keys").put("cloudId", machine.cloudId()).put("uuid", machine.uuid());
    report.putObject("attributes").put("owner", "team-" + machine.number() % 7);
    add(report.toString(), NEWEST);
  }

  /** It knows a machine by its address alone. */
  private void monitor(Machine machine) {
    ObjectNode report = canonical("monitor");
    report.putObject("keys").put("mac", machine.mac());
    ObjectNode attributes = report.putObject("attributes");
    attributes.put("monitored", true);
    if (random.nextInt(4) == 0) {
      attributes.putObject("owner").put("$deleted", true);
    }
    add(report.toString(), NEWEST);
  }

  private ObjectNode canonical(String source) {
    return Json.OWN
        .createObjectNode()
        .put("source", source)
        .put("observedAt", sometime().toString());
  }

  private String junk() {
    return JUNK.get(random.nextInt(JUNK.size()));
  }

  private void add(String text, Instant observedAt) {
    payloads.add(new Payload(text, observedAt));
  }
}
