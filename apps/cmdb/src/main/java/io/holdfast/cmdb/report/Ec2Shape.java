package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An answer of EC2's DescribeInstances, as the API gives it or as it was recorded ({@code
 * {"status_code", "data"}}). Each instance is a report of its own; an answer without any is none.
 */
record Ec2Shape() implements Shape {

  private static final String ACCOUNT = "OwnerId";

  @Override
  public boolean fits(JsonNode root) {
    return root.path("Reservations").isArray()
        || (root.has("status_code") && root.path("data").isObject());
  }

  @Override
  public List<JsonNode> parts(JsonNode root) throws BadReportException {
    JsonNode reservations = root.path("Reservations");
    if (!reservations.isArray()) {
      reservations = root.path("data").path("Reservations");
    }
    if (!reservations.isArray()) {
      throw new BadReportException(
          Fault.ANOTHER_THING, "a recorded answer of AWS, not of DescribeInstances");
    }
    List<JsonNode> instances = new ArrayList<>();
    for (JsonNode reservation : reservations) {
      for (JsonNode instance : reservation.path("Instances")) {
        if (instance instanceof ObjectNode object && reservation.has(ACCOUNT)) {
          object.set(ACCOUNT, reservation.get(ACCOUNT));
        }
        instances.add(instance);
      }
    }
    return instances;
  }

  @Override
  public Report report(JsonNode instance, Instant otherwise) throws BadReportException {
    Findings found = new Findings();
    found.key(Key.Kind.CLOUD_ID, instance.path("InstanceId"));
    found.text("model", instance.path("InstanceType"));
    String state = instance.path("State").path("Name").asText("").toLowerCase(Locale.ROOT);
    found.text("power.state", Optional.of(power(state)).filter(power -> !power.isEmpty()));
    found.architecture(instance.path("Architecture"));
    found.text("kernel.name", kernel(instance));
    Optional<Long> cores =
        Findings.number("cpu.cores", instance.path("CpuOptions").path("CoreCount"), 1);
    found.count("cpu.cores", cores);
    if (cores.isPresent()) {
      JsonNode threads = instance.path("CpuOptions").path("ThreadsPerCore");
      found.count("cpu.logical", Findings.number("cpu.logical", threads, cores.get()));
    }
    found.text("hostname", Findings.text(instance.path("PrivateDnsName")).map(Ec2Shape::host));
    found.text("fqdn", instance.path("PrivateDnsName"));
    found.text("ipv4", instance.path("PrivateIpAddress"));
    found.text("public.ipv4", instance.path("PublicIpAddress"));
    found.text("public.fqdn", instance.path("PublicDnsName"));
    found.text("location.zone", instance.path("Placement").path("AvailabilityZone"));
    cloud(found, instance);
    interfaces(found, instance.path("NetworkInterfaces"));
    found.named("tags", tags(instance.path("Tags")));
    return found.report("ec2", otherwise);
  }

  private static String power(String state) {
    return switch (state) {
      case "running" -> "on";
      case "stopped", "terminated" -> "off";
      default -> state;
    };
  }

  /** What a host of this name calls itself. */
  private static String host(String fqdn) {
    return fqdn.split("\\.", 2)[0];
  }

  /** {@code Platform} is there for Windows only; the name of a system is nowhere. */
  private static Optional<String> kernel(JsonNode instance) {
    String platform =
        instance.path("Platform").asText("") + " " + instance.path("PlatformDetails").asText("");
    String folded = platform.toLowerCase(Locale.ROOT);
    if (folded.contains("windows")) {
      return Optional.of("windows");
    }
    return folded.contains("linux") ? Optional.of("linux") : Optional.empty();
  }

  private static void cloud(Findings found, JsonNode instance) throws BadReportException {
    found.text("cloud.provider", Optional.of("aws"));
    found.text("cloud.account", instance.path(ACCOUNT));
    found.text("cloud.state", instance.path("State").path("Name"));
    found.text("cloud.platform", instance.path("PlatformDetails"));
    found.text("cloud.image", instance.path("ImageId"));
    found.text("cloud.vpc", instance.path("VpcId"));
    found.text("cloud.subnet", instance.path("SubnetId"));
    found.text("cloud.keyName", instance.path("KeyName"));
    found.text("cloud.profile", instance.path("IamInstanceProfile").path("Arn"));
    found.text("cloud.launched", moment(instance.path("LaunchTime")));
    TreeSet<String> groups = new TreeSet<>();
    for (JsonNode group : instance.path("SecurityGroups")) {
      Findings.text(group.path("GroupId")).ifPresent(groups::add);
    }
    found.texts("cloud.securityGroups", groups);
    List<ObjectNode> volumes = new ArrayList<>();
    for (JsonNode mapping : instance.path("BlockDeviceMappings")) {
      volumes.add(
          Findings.thing(
              Map.of(
                  "device", mapping.path("DeviceName"),
                  "id", mapping.path("Ebs").path("VolumeId"))));
    }
    found.things("cloud.volumes", volumes);
  }

  /** As a text, or as the recorder writes it: an object of year, month, day and so on. */
  private static Optional<String> moment(JsonNode time) {
    if (!time.isObject()) {
      return Findings.text(time);
    }
    try {
      return Optional.of(
          LocalDateTime.of(
                  time.path("year").asInt(),
                  time.path("month").asInt(),
                  time.path("day").asInt(),
                  time.path("hour").asInt(),
                  time.path("minute").asInt(),
                  time.path("second").asInt())
              .toInstant(ZoneOffset.UTC)
              .toString());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static void interfaces(Findings found, JsonNode interfaces) throws BadReportException {
    Map<String, JsonNode> sorted = new TreeMap<>();
    for (JsonNode each : interfaces) {
      int index = each.path("Attachment").path("DeviceIndex").asInt(Integer.MAX_VALUE);
      String id = each.path("NetworkInterfaceId").asText("");
      sorted.put(String.format(Locale.ROOT, "%010d %s", index, id), each);
    }
    for (JsonNode each : sorted.values()) {
      found.mac(each.path("MacAddress"));
    }
    for (JsonNode each : sorted.values()) {
      Optional<String> name = Findings.text(each.path("NetworkInterfaceId"));
      if (name.isPresent()) {
        List<String> addresses = new ArrayList<>();
        each.path("PrivateIpAddresses")
            .forEach(address -> addresses.add(address.path("PrivateIpAddress").asText("")));
        each.path("Ipv6Addresses")
            .forEach(address -> addresses.add(address.path("Ipv6Address").asText("")));
        addresses.add(each.path("PrivateIpAddress").asText(""));
        found.networkInterface(name.get(), each.path("MacAddress"), addresses);
      }
    }
  }

  private static Map<String, String> tags(JsonNode tags) {
    Map<String, String> byName = new TreeMap<>();
    for (JsonNode tag : tags) {
      Findings.text(tag.path("Key"))
          .ifPresent(name -> byName.put(name, tag.path("Value").asText("")));
    }
    return byName;
  }
}
