package io.holdfast.zookeeper;

import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The nodes of one lock's folder, as read at one moment, in the order in which they were created:
 * who is first has the lock.
 *
 * <p>A node is named {@code <digest of the claim and the session>-<sequence>}. The digest stands
 * for the claim, because the claim's id is the right to release, and whoever may list a folder
 * reads its nodes' names (so do snapshots and logs of transactions). The sequence is the folder's
 * own counter, which begins anew when an empty folder was removed. So it orders the nodes that
 * exist together, and is never a token. Nor does it order them for ever: it has 31 bits, and where
 * they end it stands still at 2147483647, or goes below zero and back ({@code DataTree.createNode}
 * takes a greater number only, ZooKeeper 3.6 to 3.9; seen on 3.9). So the last of its numbers are
 * spent: nobody waits or locks with them.
 *
 * @param nodes their names, in no order; others' nodes among them do not count
 */
record Line(List<String> nodes) {

  private static final int PREFIX_LENGTH = 33;
  private static final int MOST_DIGITS = 10;

  /**
   * From here on, and below zero. Only the last number and those below zero order nothing; so many
   * before, because each that comes while others are still served takes one more.
   */
  private static final int SPENT = Integer.MAX_VALUE - (1 << 24);

  Line(List<String> nodes) {
    this.nodes = new ArrayList<>(nodes);
    this.nodes.removeIf(node -> !isNode(node));
  }

  /** By hand, because it is done for every node of every look. */
  private static boolean isNode(String name) {
    int digits = PREFIX_LENGTH + (name.startsWith("-", PREFIX_LENGTH) ? 1 : 0);
    return name.startsWith("-", PREFIX_LENGTH - 1)
        && name.length() > digits
        && name.length() <= digits + MOST_DIGITS
        && isHex(name, 0, PREFIX_LENGTH - 1, 16)
        && isHex(name, digits, name.length(), 10);
  }

  private static boolean isHex(String name, int from, int to, int radix) {
    for (int i = from; i < to; i++) {
      char c = name.charAt(i);
      int digit = c >= 'a' ? c - 'a' + 10 : c - '0';
      if (digit < 0 || digit >= radix || (c > '9' && c < 'a')) {
        return false;
      }
    }
    return true;
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

  /** With what the node of a claim in a session begins, and no other's. */
  static String prefixOf(Claim claim, long session) {
    MessageDigest digest = sha256();
    digest.update(claim.id().getBytes(StandardCharsets.US_ASCII));
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(session).flip());
    return HexFormat.of().formatHex(digest.digest(), 0, 16) + "-";
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  /** The one that begins so. */
  Optional<String> of(String prefix) {
    return nodes.stream().filter(node -> node.startsWith(prefix)).findAny();
  }

  /** Whoever has the lock. */
  Optional<String> first() {
    String first = null;
    for (String node : nodes) {
      if (isSpent(node)) {
        continue;
      }
      if (first == null || isBefore(sequenceOf(node), sequenceOf(first))) {
        first = node;
      }
    }
    return Optional.ofNullable(first);
  }

  /** How many were created before a node. */
  int positionOf(String node) {
    int own = sequenceOf(node);
    int before = 0;
    for (String other : nodes) {
      if (isBefore(sequenceOf(other), own)) {
        before++;
      }
    }
    return before;
  }

  /** The last that was created before a node. */
  Optional<String> predecessorOf(String node) {
    int own = sequenceOf(node);
    String last = null;
    int lasts = 0;
    for (String other : nodes) {
      int others = sequenceOf(other);
      if (isBefore(others, own) && (last == null || isBefore(lasts, others))) {
        last = other;
        lasts = others;
      }
    }
    return Optional.ofNullable(last);
  }

  /** Whether a node's number orders nothing: it is to be given up. */
  static boolean isSpent(String node) {
    return Integer.compareUnsigned(sequenceOf(node), SPENT) >= 0;
  }

  private static boolean isBefore(int sequence, int later) {
    return Integer.compareUnsigned(sequence, later) < 0; // what is below zero is spent, and later
  }

  private static int sequenceOf(String node) {
    return (int) Long.parseLong(node, PREFIX_LENGTH, node.length(), 10);
  }
}
