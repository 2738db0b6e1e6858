package io.holdfast.cmdb.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ShapesTest {

  private static final Instant SEEN = Instant.parse("2026-11-20T08:00:00Z");
  private static final Origin ORIGIN = new Origin("test", 1);

  private static final String FACTER =
      """
      {"facterversion":"4.5.0","kernel":"Linux","kernelrelease":"6.1.0","virtual":"kvm",
       "is_virtual":true,"system_uptime":{"seconds":78},"load_averages":{"1m":1.5},
       "dmi":{"manufacturer":"ACME","product":{"name":"R1","serial_number":"SN-1",
         "uuid":"4C4C4544-0001-0002-8003-B6C04F503732"},
         "board":{"serial_number":"BOARD-9"},"bios":{"version":"1.1"}},
       "os":{"name":"Debian","family":"Debian","hardware":"amd64","release":{"full":"12.5"}},
       "processors":{"count":16,"physicalcount":2,"cores":4,"models":["CPU X","CPU X"]},
       "memory":{"system":{"total_bytes":8589934592,"available_bytes":7}},
       "disks":{"sdb":{"size_bytes":10,"serial":"D2"},"sda":{"size_bytes":20,"model":"M"}},
       "mountpoints":{"/":{"device":"/dev/sda1","filesystem":"ext4","size_bytes":9,"used_bytes":1},
         "/proc":{"device":"proc","filesystem":"proc"}},
       "networking":{"hostname":"web1","fqdn":"web1.example.org","ip":"192.0.2.7",
         "mac":"52:54:00:00:00:0a","interfaces":{
           "lo":{"ip":"127.0.0.1"},
           "Loopback Pseudo-Interface 1":{"ip":"127.0.0.1","ip6":"::1"},
           "eth1":{"mac":"52:54:00:00:00:0A","bindings":[{"address":"192.0.2.8"}]},
           "eth0":{"mac":"52:54:00:00:00:0b","ip":"192.0.2.7",
             "bindings":[{"address":"192.0.2.7"},{"address":"192.0.2.6"}],
             "bindings6":[{"address":"fe80::1"},{"address":"2001:DB8:0:0:0:0:0:1"}]}}}}
      """;

  private static final String GLPI =
      """
      {"action":"inventory","deviceid":"web1-2026-01-01-00-00-00","tag":"blue","content":{
       "versionclient":"GLPI-Agent_v1.7",
       "bios":{"ssn":"SN-1","smanufacturer":"ACME","smodel":"R1","assettag":"A-7","msn":"BOARD-9"},
       "hardware":{"uuid":"4c4c4544-0001-0002-8003-b6c04f503732","name":"web1","memory":8192},
       "operatingsystem":{"name":"Debian","version":"12.5","kernel_name":"linux",
         "kernel_version":"6.1.0","arch":"x86_64","boot_time":"2026-01-01 00:00:00"},
       "cpus":[{"core":4,"thread":8,"name":"CPU X","serial":"To Be Filled By O.E.M."},
               {"core":4,"thread":8,"name":"CPU X"}],
       "networks":[
         {"description":"lo","type":"loopback","mac":"00:00:00:00:00:00","ipaddress":"127.0.0.1"},
         {"description":"br0","virtualdev":true,"mac":"52:54:00:00:00:01"},
         {"description":"eth0","mac":"52:54:00:00:00:0B","ipaddress":"192.0.2.7"},
         {"description":"eth0","mac":"52:54:00:00:00:0B","ipaddress6":"2001:db8::1"}],
       "storages":[{"name":"sda","disksize":500107,"serial":"D1"}],
       "drives":[{"type":"/","volumn":"/dev/sda1","total":100,"free":3,"filesystem":"ext4"}],
       "softwares":[{"name":"kernel","version":"6.2"},{"name":"kernel","version":"6.1"},
                    {"name":"lib++ (x)","version":"1"}]}}
      """;

  private static final String REDFISH =
      """
      {"@odata.type":"#ComputerSystem.v1_20_0.ComputerSystem","SerialNumber":"SN-1",
       "UUID":"4C4C4544-0001-0002-8003-B6C04F503732","HostName":"web1","Manufacturer":"ACME",
       "Model":"R1","SKU":"8675309","AssetTag":"","PowerState":"On","SystemType":"Physical",
       "ProcessorSummary":{"Count":2,"CoreCount":8,"LogicalProcessorCount":16,"Model":"CPU X"},
       "MemorySummary":{"TotalSystemMemoryGiB":0.5}}
      """;

  private static final String INSTANCE =
      """
      {"InstanceId":"i-0abc","InstanceType":"m5.large","State":{"Name":"running"},
       "Architecture":"arm64","PlatformDetails":"Linux/UNIX","PrivateIpAddress":"10.0.0.1",
       "CpuOptions":{"CoreCount":4,"ThreadsPerCore":2},"PrivateDnsName":"ip-10-0-0-1.internal",
       "LaunchTime":{"year":2023,"month":4,"day":19,"hour":8,"minute":49,"second":30},
       "NetworkInterfaces":[
         {"NetworkInterfaceId":"eni-2","MacAddress":"0a:00:00:00:00:02"},
         {"NetworkInterfaceId":"eni-1","MacAddress":"0a:00:00:00:00:01",
          "Attachment":{"DeviceIndex":0},"PrivateIpAddresses":[{"PrivateIpAddress":"10.0.0.1"}]}],
       "Tags":[{"Key":"Name","Value":"web1"},{"Key":"team (x)","Value":""}]}
      """;

  @Test
  void facterNamesItsMachineByFirmwareThenMainInterfaceThenName() {
    assertThat(keys(only(FACTER)))
        .containsExactly(
            "serial:sn-1",
            "uuid:4c4c4544-0001-0002-8003-b6c04f503732",
            "mac:52540000000a",
            "mac:52540000000b",
            "hostname:web1",
            "hostname:web1.example.org");
  }

  @Test
  void mainInterfaceStandsForFactsWithoutFirmware() {
    String bare = FACTER.replace("\"dmi\"", "\"dmi_unreadable\"");
    assertThat(only(bare).primaryWeakKey()).map(Key::toString).contains("mac:52540000000a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "serial|\"SN-1\"",
        "uuid|\"4c4c4544-0001-0002-8003-b6c04f503732\"",
        "vendor|\"ACME\"",
        "bios.version|\"1.1\"",
        "hostname|\"web1\"",
        "fqdn|\"web1.example.org\"",
        "os.name|\"Debian\"",
        "os.version|\"12.5\"",
        "kernel.name|\"linux\"",
        "kernel.version|\"6.1.0\"",
        "cpu.architecture|\"x86_64\"",
        "cpu.logical|16",
        "cpu.cores|8",
        "cpu.sockets|2",
        "cpu.model|\"CPU X\"",
        "memory.bytes|8589934592",
        "macs|[\"52:54:00:00:00:0a\",\"52:54:00:00:00:0b\"]",
        "network.eth0.mac|\"52:54:00:00:00:0b\"",
        "network.eth0.ipv4|[\"192.0.2.6\",\"192.0.2.7\"]",
        "network.eth0.ipv6|[\"2001:db8::1\"]",
        "volumes|[{\"bytes\":9,\"device\":\"/dev/sda1\",\"filesystem\":\"ext4\",\"mount\":\"/\"}]",
        "disks|[{\"bytes\":10,\"name\":\"sdb\",\"serial\":\"D2\"},"
            + "{\"bytes\":20,\"model\":\"M\",\"name\":\"sda\"}]",
      })
  void facterIsReadUnderCanonicalNames(String attribute, String json) {
    assertThat(attribute(only(FACTER), attribute)).isEqualTo(json);
  }

  @Test
  void whatComesAndGoesIsNoAttribute() {
    assertThat(only(FACTER).attributes().toString())
        .doesNotContain("uptime", "load", "available", "used", "network.lo", "Loopback", "proc");
    assertThat(only(GLPI).attributes().toString()).doesNotContain("boot", "free", "network.lo");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serial",
        "uuid",
        "vendor",
        "model",
        "hostname",
        "os.name",
        "os.version",
        "kernel.name",
        "kernel.version",
        "cpu.architecture",
        "cpu.logical",
        "cpu.cores",
        "cpu.sockets",
        "cpu.model",
        "memory.bytes",
        "board.serial"
      })
  void whatMeansTheSameIsTheSameFromFacterAndGlpi(String attribute) {
    assertThat(attribute(only(GLPI), attribute)).isEqualTo(attribute(only(FACTER), attribute));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serial",
        "uuid",
        "vendor",
        "model",
        "hostname",
        "cpu.logical",
        "cpu.cores",
        "cpu.sockets",
        "cpu.model"
      })
  void whatMeansTheSameIsTheSameFromFacterAndRedfish(String attribute) {
    assertThat(attribute(only(REDFISH), attribute)).isEqualTo(attribute(only(FACTER), attribute));
  }

  @Test
  void glpiIsReadUnderCanonicalNames() {
    Report report = only(GLPI);
    assertThat(keys(report))
        .containsExactly(
            "serial:sn-1",
            "uuid:4c4c4544-0001-0002-8003-b6c04f503732",
            "agentId:web1-2026-01-01-00-00-00",
            "mac:525400000001",
            "mac:52540000000b",
            "hostname:web1");
    assertThat(attribute(report, "assetTag")).isEqualTo("\"A-7\"");
    assertThat(attribute(report, "network.eth0.ipv4")).isEqualTo("[\"192.0.2.7\"]");
    assertThat(attribute(report, "network.eth0.ipv6")).isEqualTo("[\"2001:db8::1\"]");
    assertThat(attribute(report, "disks"))
        .isEqualTo("[{\"bytes\":500107000000,\"name\":\"sda\",\"serial\":\"D1\"}]");
    assertThat(attribute(report, "software.kernel")).isEqualTo("\"6.1, 6.2\"");
    assertThat(attribute(report, "software.lib__ _x_")).isEqualTo("\"1\"");
  }

  @Test
  void missingSectionOfPartialInventoryIsUnknownAndNotDeleted() {
    Report report =
        only("{\"deviceid\":\"d-1\",\"partial\":true,\"content\":{\"hardware\":{\"name\":\"w\"}}}");
    assertThat(report.attributes().keySet()).containsExactly("agentId", "hostname");
    assertThat(report.attributes().values()).noneMatch(Value::isDeleted);
  }

  @Test
  void processorsOfWhichOneSaysNothingHaveNoSum() {
    Report report =
        only(
            "{\"deviceid\":\"d-1\",\"content\":{\"cpus\":[{\"core\":4,\"thread\":8},{\"core\":4}]}}");
    assertThat(attribute(report, "cpu.cores")).isEqualTo("8");
    assertThat(report.attributes()).doesNotContainKey("cpu.logical");
  }

  @Test
  void redfishIsReadUnderCanonicalNames() {
    Report report = only(REDFISH);
    assertThat(attribute(report, "memory.bytes")).isEqualTo("536870912");
    assertThat(attribute(report, "power.state")).isEqualTo("\"on\"");
    assertThat(report.attributes()).doesNotContainKey("assetTag");
    assertThat(keys(report)).noneMatch(key -> key.contains("8675309"));
  }

  @Test
  void everyInstanceIsOneReport() {
    String second = INSTANCE.replace("i-0abc", "i-0def").replace("running", "stopped");
    String raw =
        "{\"Reservations\":[{\"OwnerId\":\"42\",\"Instances\":["
            + INSTANCE
            + "]},{\"Instances\":["
            + second
            + "]}]}";
    String recorded = "{\"status_code\":200,\"data\":" + raw + "}";
    assertThat(reports(recorded)).isEqualTo(reports(raw)).hasSize(2);
    Report first = reports(raw).get(0);
    assertThat(keys(first))
        .containsExactly("cloudId:i-0abc", "mac:0a0000000001", "mac:0a0000000002");
    assertThat(attribute(first, "cloud.account")).isEqualTo("\"42\"");
    assertThat(attribute(first, "cloud.launched")).isEqualTo("\"2023-04-19T08:49:30Z\"");
    assertThat(attribute(first, "cpu.logical")).isEqualTo("8");
    assertThat(attribute(first, "cpu.architecture")).isEqualTo("\"aarch64\"");
    assertThat(attribute(first, "kernel.name")).isEqualTo("\"linux\"");
    assertThat(attribute(first, "hostname")).isEqualTo("\"ip-10-0-0-1\"");
    assertThat(attribute(first, "tags.Name")).isEqualTo("\"web1\"");
    assertThat(attribute(first, "tags.team _x_")).isEqualTo("\"\"");
    assertThat(attribute(first, "network.eni-1.ipv4")).isEqualTo("[\"10.0.0.1\"]");
    assertThat(attribute(reports(raw).get(1), "power.state")).isEqualTo("\"off\"");
  }

  @Test
  void badInstanceDoesNotTakeTheOthersWithIt() {
    List<Input> inputs =
        read("{\"Reservations\":[{\"Instances\":[{\"ImageId\":\"x\"}," + INSTANCE + "]}]}");
    assertThat(inputs).hasSize(2);
    assertThat(inputs.get(0))
        .isInstanceOfSatisfying(
            Input.Dead.class,
            dead -> {
              assertThat(dead.letter().fault()).isEqualTo(Fault.NO_KEY);
              assertThat(dead.letter().reason()).startsWith("part 1 of 2: no key");
            });
    assertThat(inputs.get(1)).isInstanceOf(Input.Reported.class);
  }

  @Test
  void answerWithoutInstancesIsNoErrorAndNoReport() {
    assertThat(read("{\"Reservations\":[]}")).isEmpty();
    assertThat(read("{\"status_code\":200,\"data\":{\"Reservations\":[]}}")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"@odata.type\":\"#Chassis.v1_0_0.Chassis\",\"SerialNumber\":\"SN-1\"}"
            + "|a Redfish Chassis, not a ComputerSystem",
        "{\"@odata.type\":\"#ComputerSystemCollection.ComputerSystemCollection\"}"
            + "|a Redfish ComputerSystemCollection, not a ComputerSystem",
        "{\"@odata.type\":\"#ComputerSystem.v1_0_0.Boot\"}|a Redfish Boot, not a ComputerSystem",
        "{\"@odata.id\":\"/redfish/v1\"}"
            + "|a Redfish resource without a type, not a ComputerSystem",
        "{\"deviceid\":\"d\",\"itemtype\":\"Printer\",\"content\":{}}"
            + "|a GLPI Printer, not the inventory of a computer",
        "{\"deviceid\":\"d\",\"action\":\"netdiscovery\",\"content\":{}}"
            + "|a GLPI netdiscovery, not the inventory of a computer",
        "{\"status_code\":200,\"data\":{\"Volumes\":[]}}"
            + "|a recorded answer of AWS, not of DescribeInstances",
        "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}|a JSON Schema, not a report",
      })
  void anotherThingIsRefusedByItsName(String payload, String reason) {
    DeadLetter letter = dead(payload);
    assertThat(letter.fault()).isEqualTo(Fault.ANOTHER_THING);
    assertThat(letter.reason()).isEqualTo(reason);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "null", "1", "\"x\"", "[{\"facterversion\":\"4\"}]"})
  void unknownShapeIsToldTheKnownOnes(String payload) {
    assertThat(dead(payload).fault()).isEqualTo(Fault.UNKNOWN_SHAPE);
    assertThat(dead(payload).reason())
        .contains("canonical, facter, GLPI inventory, Redfish", "EC2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"facterversion\":\"4.5\",\"dmi\":{\"product\":{\"serial_number\":\"0\"}}}",
        "{\"facterversion\":\"4.5\",\"dmi\":\"none\",\"networking\":[],\"processors\":7}",
        "{\"deviceid\":\"\",\"content\":{\"hardware\":{\"uuid\":\"0000-0000\"}}}",
        "{\"@odata.type\":\"#ComputerSystem.v1_0_0.ComputerSystem\",\"SerialNumber\":null}",
      })
  void junkIsNoKey(String payload) {
    assertThat(dead(payload).fault()).isEqualTo(Fault.NO_KEY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1e300", "1e999", "9223372036854775807.5", "99999999999999999999"})
  void amountOutOfRangeIsRefused(String amount) {
    assertThat(dead(FACTER.replace("8589934592", amount)).fault()).isEqualTo(Fault.BAD_VALUE);
  }

  @Test
  void amountThatIsAsGoodAsNothingIsLeftOut() {
    for (String amount : List.of("0", "1e-300", "null", "\"much\"", "{}")) {
      assertThat(only(FACTER.replace("8589934592", amount)).attributes())
          .doesNotContainKey("memory.bytes");
    }
  }

  @Test
  void hostOfHundredsOfContainersIsStillOneReport() {
    String many =
        IntStream.range(0, 5_000)
            .mapToObj(
                i ->
                    String.format(
                        "\"cali%d\":{\"mac\":\"52:54:00:01:%02x:%02x\"}", i, i >> 8, i & 255))
            .collect(Collectors.joining(","));
    Report report = only(FACTER.replace("\"lo\":{\"ip\":\"127.0.0.1\"}", many));
    assertThat(report.weakKeys()).hasSizeLessThanOrEqualTo(70);
    assertThat(report.attributes()).hasSizeLessThan(300);
    assertThat(report.weakKeys()).anyMatch(key -> key.value().equals("52540000000a"));
  }

  @Test
  void inventoryOfHundredsOfInterfacesIsStillOneReport() {
    String many =
        IntStream.range(0, 5_000)
            .mapToObj(
                i ->
                    String.format(
                        "{\"description\":\"v%d\",\"mac\":\"52:54:00:01:%02x:%02x\"}",
                        i, i >> 8, i & 255))
            .collect(Collectors.joining(","));
    assertThat(only(GLPI.replace("\"networks\":[", "\"networks\":[" + many + ",")).weakKeys())
        .hasSizeLessThanOrEqualTo(70);
  }

  @Test
  void moreSoftwareThanIsKeptIsNoReasonToRefuseTheMachine() {
    String many =
        IntStream.range(0, 20_000)
            .mapToObj(i -> "{\"name\":\"p" + i + "\",\"version\":\"1\"}")
            .collect(Collectors.joining(","));
    Report report = only(GLPI.replace("{\"name\":\"kernel\",\"version\":\"6.2\"}", many));
    assertThat(report.attributes()).hasSizeLessThan(Report.MOST_ATTRIBUTES);
  }

  @Test
  void listThatIsTooLongIsCutAndNotRefused() {
    String many =
        IntStream.range(0, 5_000)
            .mapToObj(i -> "{\"name\":\"disk" + i + "\",\"disksize\":7}")
            .collect(Collectors.joining(","));
    Report report =
        only(GLPI.replace("{\"name\":\"sda\",\"disksize\":500107,\"serial\":\"D1\"}", many));
    assertThat(attribute(report, "disks").length()).isBetween(60_000, Value.LONGEST);
  }

  @Test
  void orderAndSpacingOfPayloadMakeNoDifference() {
    String turned =
        """
        {"networking":{"interfaces":{
           "eth0":{"bindings6":[{"address":"2001:DB8::1"}],"mac":"52:54:00:00:00:0B",
             "bindings":[{"address":"192.0.2.6"},{"address":"192.0.2.7"}]},
           "eth1":{"bindings":[{"address":"192.0.2.8"}],"mac":"52:54:00:00:00:0a"}},
           "mac":"52:54:00:00:00:0b"},"facterversion":"4.5.0",
         "memory":{"system":{"total_bytes":1.024e3}}}
        """;
    String straight =
        "{\"facterversion\":\"4.5.0\",\"memory\":{\"system\":{\"total_bytes\":1024}},"
            + "\"networking\":{\"mac\":\"52:54:00:00:00:0b\",\"interfaces\":{"
            + "\"eth1\":{\"mac\":\"52:54:00:00:00:0a\",\"ip\":\"192.0.2.8\"},"
            + "\"eth0\":{\"mac\":\"52:54:00:00:00:0b\",\"ip6\":\"2001:db8::1\","
            + "\"bindings\":[{\"address\":\"192.0.2.7\"},{\"address\":\"192.0.2.6\"}]}}}}";
    assertThat(only(turned).body()).isEqualTo(only(straight).body());
    assertThat(only(turned).id()).isEqualTo(only(straight).id());
  }

  private static List<Input> read(String payload) {
    return Payloads.line(payload.getBytes(StandardCharsets.UTF_8), ORIGIN, SEEN);
  }

  private static List<Report> reports(String payload) {
    List<Report> reports = new ArrayList<>();
    for (Input input : read(payload)) {
      assertThat(input).isInstanceOf(Input.Reported.class);
      if (input instanceof Input.Reported reported) {
        reports.add(reported.report());
      }
    }
    return reports;
  }

  private static Report only(String payload) {
    List<Report> reports = reports(payload);
    assertThat(reports).hasSize(1);
    return reports.get(0);
  }

  private static DeadLetter dead(String payload) {
    List<Input> inputs = read(payload);
    assertThat(inputs).hasSize(1);
    if (inputs.get(0) instanceof Input.Dead dead) {
      return dead.letter();
    }
    throw new AssertionError("not dead: " + inputs);
  }

  private static List<String> keys(Report report) {
    return report.keys().stream().map(Key::toString).toList();
  }

  private static String attribute(Report report, String name) {
    Value value = report.attributes().get(name);
    return value == null ? "" : value.json();
  }
}
