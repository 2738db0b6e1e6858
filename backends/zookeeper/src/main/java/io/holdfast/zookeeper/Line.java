package io.holdfast.zookeeper;

import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The nodes of one lock's folder, as read at one moment, in the order in which they were created:
 * who is first has the lock.
 *
 * <p>A node is named {@code <digest of the claim>-<sequence>}. The digest stands for the claim,
 * because the claim's id is the right to release, and whoever may list a folder reads its nodes'
 * names (so do snapshots and logs of transactions). The sequence is the folder's own counter: a
 * 32-bit number that overflows into the negative, and begins anew when an empty folder was removed.
 * So it orders the nodes that exist together, by subtraction, and is never a token.
 *
 * @param nodes their names, in no order; others' nodes among them do not count
 */
record Line(List<String> nodes) {

  private static final Pattern NODE = Pattern.compile("[0-9a-f]{32}-(?:[0-9]{10}|-[0-9]{1,10})");
  private static final int PREFIX_LENGTH = 33;

  Line(List<String> nodes) {
    this.nodes = nodes.stream().filter(node -> NODE.matcher(node).matches()).toList();
  }

  /**
   * One node's name for a lock's name: percent-encoded where ZooKeeper gives a character a meaning,
   * which is the slash, and the point at the beginning. No two names are encoded alike, and none
   * begins as what stands beside them does, {@code %base}.
   */
  static String folderOf(LockName name) {
    String text = name.value().replace("/", "%2F");
    return text.startsWith(".") ? "%2E" + text.substring(1) : text;
  }

  /** With what all nodes of a claim begin. */
  static String prefixOf(Claim claim) {
    try {
      byte[] id = claim.id().getBytes(StandardCharsets.US_ASCII);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(id);
      return HexFormat.of().formatHex(digest, 0, 16) + "-";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  boolean has(String node) {
    return nodes.contains(node);
  }

  List<String> of(String prefix) {
    return nodes.stream().filter(node -> node.startsWith(prefix)).toList();
  }

  Optional<String> first() {
    return nodes.stream().reduce((found, next) -> isBefore(found, next) ? found : next);
  }

  /** How many were created before a node. */
  int positionOf(String node) {
    return (int) nodes.stream().filter(earlier -> isBefore(earlier, node)).count();
  }

  /** The last that was created before a node. */
  Optional<String> predecessorOf(String node) {
    return nodes.stream()
        .filter(earlier -> isBefore(earlier, node))
        .reduce((found, next) -> isBefore(found, next) ? next : found);
  }

  private static boolean isBefore(String node, String later) {
    return sequenceOf(node) - sequenceOf(later) < 0;
  }

  private static int sequenceOf(String node) {
    return Integer.parseInt(node.substring(PREFIX_LENGTH));
  }
}
