package io.holdfast.cmdb.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;
import oshi.hardware.ComputerSystem;
import oshi.hardware.HWDiskStore;
import oshi.hardware.NetworkIF;
import oshi.software.os.OperatingSystem;

/**
 * What this machine is made of, as a report of the source {@code collect}.
 *
 * <p>An ordinary user may not read the serial number and the UUID; then the agent id tells the
 * machine, and without that its addresses and its name. In a container the firmware, if it can be
 * read at all, is the host's.
 *
 * <p>Stateless; slow, because the system is asked anew each time.
 */
public final class Collector {

  private static final Path MACHINE_ID = Path.of("/etc/machine-id");

  private Collector() {}

  /**
   * A report of this machine.
   *
   * @param now when it is observed
   * @throws BadReportException if nothing is there to tell the machine by
   */
  public static Report collect(Instant now) throws BadReportException {
    Findings found = new Findings();
    SystemInfo system = new SystemInfo();
    firmware(found, system.getHardware().getComputerSystem());
    found.key(Key.Kind.AGENT_ID, node(agentId(MACHINE_ID)));
    operatingSystem(found, system.getOperatingSystem());
    processor(found, system.getHardware().getProcessor());
    found.bytes("memory.bytes", LongNode.valueOf(system.getHardware().getMemory().getTotal()), 1);
    found.things("disks", disks(system.getHardware().getDiskStores()));
    network(found, system.getHardware().getNetworkIFs());
    return found.report("collect", now);
  }

  /**
   * An id of this machine for us alone: the machine id itself is confidential, and must not leave
   * it. Empty if there is none, or not yet, as in the image of a container.
   */
  static Optional<String> agentId(Path machineId) {
    try {
      String id = Files.readString(machineId, UTF_8).strip();
      if (!id.matches("[0-9a-f]{32}")) {
        return Optional.empty();
      }
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(("holdfast-cmdb:" + id).getBytes(UTF_8));
      return Optional.of(HexFormat.of().formatHex(digest));
    } catch (IOException e) {
      return Optional.empty();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void firmware(Findings found, ComputerSystem computer) throws BadReportException {
    found.key(Key.Kind.SERIAL, node(computer.getSerialNumber()));
    found.key(Key.Kind.UUID, node(computer.getHardwareUUID()));
    found.label("vendor", node(computer.getManufacturer()));
    found.label("model", node(computer.getModel()));
    found.label("bios.vendor", node(computer.getFirmware().getManufacturer()));
    found.label("bios.version", node(computer.getFirmware().getVersion()));
    found.label("bios.date", node(computer.getFirmware().getReleaseDate()));
    found.label("board.vendor", node(computer.getBaseboard().getManufacturer()));
    found.label("board.model", node(computer.getBaseboard().getModel()));
  }

  private static void operatingSystem(Findings found, OperatingSystem os)
      throws BadReportException {
    String host = os.getNetworkParams().getHostName();
    found.host(node(host.split("\\.", 2)[0]), node(host.contains(".") ? host : ""));
    found.label("os.name", node(os.getFamily()));
    found.label("os.version", node(os.getVersionInfo().getVersion()));
    found.label("os.codename", node(os.getVersionInfo().getCodeName()));
    String kernel = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    found.text(
        "kernel.name",
        node(
            kernel.startsWith("windows")
                ? "windows"
                : kernel.startsWith("mac") ? "darwin" : kernel));
    found.text("kernel.version", node(System.getProperty("os.version", "")));
    found.architecture(node(System.getProperty("os.arch", "")));
  }

  private static void processor(Findings found, CentralProcessor cpu) throws BadReportException {
    found.count("cpu.logical", Optional.of((long) cpu.getLogicalProcessorCount()));
    found.count("cpu.cores", Optional.of((long) cpu.getPhysicalProcessorCount()));
    found.count("cpu.sockets", Optional.of((long) cpu.getPhysicalPackageCount()));
    found.label("cpu.model", node(cpu.getProcessorIdentifier().getName()));
  }

  private static List<ObjectNode> disks(List<HWDiskStore> stores) throws BadReportException {
    List<ObjectNode> disks = new ArrayList<>();
    for (HWDiskStore store : stores) {
      ObjectNode disk = JsonNodeFactory.instance.objectNode();
      disk.put("name", store.getName().replaceFirst("^/dev/", ""));
      for (String[] each :
          new String[][] {{"model", store.getModel()}, {"serial", store.getSerial()}}) {
        if (!Key.isPlaceholder(each[1])) {
          disk.put(each[0], each[1].strip());
        }
      }
      Findings.bytes(disk, LongNode.valueOf(Math.max(store.getSize(), 0)), 1);
      disks.add(disk);
    }
    return disks;
  }

  /** In the order of their indexes: the hardware's come before those that software makes. */
  private static void network(Findings found, List<NetworkIF> interfaces)
      throws BadReportException {
    List<NetworkIF> sorted = new ArrayList<>(interfaces);
    sorted.sort(Comparator.comparingInt(NetworkIF::getIndex));
    for (NetworkIF each : sorted) {
      found.mac(node(each.getMacaddr()));
    }
    for (NetworkIF each : sorted) {
      List<String> addresses = new ArrayList<>(List.of(each.getIPv4addr()));
      addresses.addAll(List.of(each.getIPv6addr()));
      found.networkInterface(each.getName(), node(each.getMacaddr()), addresses);
    }
  }

  private static JsonNode node(Optional<String> text) {
    return node(text.orElse(""));
  }

  /** OSHI answers {@code null} here and there, and says so nowhere. */
  private static JsonNode node(@Nullable String text) {
    return TextNode.valueOf(text == null ? "" : text);
  }
}
