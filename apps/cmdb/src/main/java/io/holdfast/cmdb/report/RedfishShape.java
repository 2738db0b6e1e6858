package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Instant;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A ComputerSystem of a Redfish service; its other resources are named and refused. */
record RedfishShape() implements Shape {

  private static final Pattern TYPE = Pattern.compile("#([A-Za-z0-9]+)\\.(?:.*\\.)?([A-Za-z0-9]+)");
  private static final String SYSTEM = "ComputerSystem";

  @Override
  public boolean fits(JsonNode root) {
    return root.path("@odata.type").isTextual()
        || root.path("@odata.id").isTextual()
        || root.path("@odata.context").isTextual();
  }

  @Override
  public List<JsonNode> parts(JsonNode root) throws BadReportException {
    Matcher type = TYPE.matcher(root.path("@odata.type").asText(""));
    if (!type.matches()) {
      throw another("resource without a type");
    }
    if (!type.group(1).equals(SYSTEM) || !type.group(2).equals(SYSTEM)) {
      throw another(ReportJson.shown(type.group(2)));
    }
    return List.of(root);
  }

  private static BadReportException another(String name) {
    return new BadReportException(Fault.ANOTHER_THING, "a Redfish " + name + ", not a " + SYSTEM);
  }

  @Override
  public Report report(JsonNode system, Instant otherwise) throws BadReportException {
    Findings found = new Findings();
    found.key(Key.Kind.SERIAL, system.path("SerialNumber"));
    found.key(Key.Kind.UUID, system.path("UUID"));
    found.host(system.path("HostName"), MissingNode.getInstance());
    found.label("vendor", system.path("Manufacturer"));
    found.label("model", system.path("Model"));
    found.label("subModel", system.path("SubModel"));
    found.serial("assetTag", system.path("AssetTag"));
    found.label("sku", system.path("SKU"));
    found.label("partNumber", system.path("PartNumber"));
    found.text("name", system.path("Name"));
    found.text("description", system.path("Description"));
    found.label("bios.version", system.path("BiosVersion"));
    found.folded("virtualization", system.path("SystemType"));
    found.folded("power.state", system.path("PowerState"));
    found.folded("health", system.path("Status").path("Health"));
    TreeSet<String> roles = new TreeSet<>();
    system.path("HostingRoles").forEach(role -> Findings.text(role).ifPresent(roles::add));
    found.texts("roles", roles);
    JsonNode cpu = system.path("ProcessorSummary");
    found.count("cpu.sockets", Findings.number("cpu.sockets", cpu.path("Count"), 1));
    found.count("cpu.cores", Findings.number("cpu.cores", cpu.path("CoreCount"), 1));
    found.count(
        "cpu.logical", Findings.number("cpu.logical", cpu.path("LogicalProcessorCount"), 1));
    found.text("cpu.model", cpu.path("Model"));
    found.bytes(
        "memory.bytes", system.path("MemorySummary").path("TotalSystemMemoryGiB"), Findings.GIBI);
    location(found, system.path(system.has("Location") ? "Location" : "PhysicalLocation"));
    return found.report("redfish", otherwise);
  }

  private static void location(Findings found, JsonNode location) throws BadReportException {
    found.text("location.row", location.path("Placement").path("Row"));
    found.text("location.rack", location.path("Placement").path("Rack"));
    found.text("location.rackOffset", location.path("Placement").path("RackOffset"));
  }
}
