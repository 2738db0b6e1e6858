package io.holdfast.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What a lock is called where the database's own locks have no room for a name: its SHA-256. Not a
 * shorter or weaker hash: names that collide are one lock to the server, so what one holds the
 * other is refused, and two locks taken in order could wait for each other. And they are one key
 * here, because within a session a server grants every lock again.
 *
 * @param digits all of it, 64 lower-case hexadecimal digits: MySQL takes no more, and takes upper
 *     and lower case for the same; or the first 16, which is what PostgreSQL takes
 */
record SessionKey(String digits) {

  /**
   * The key of a name.
   *
   * @param space what the names are names in, such as a table: servers have one space of locks for
   *     several of them
   */
  static SessionKey of(String space, String name) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(("holdfast\n" + space + "\n" + name).getBytes(UTF_8));
      return new SessionKey(HexFormat.of().formatHex(hash));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  /** Its first 64 bits and nothing else. */
  SessionKey first64Bits() {
    return new SessionKey(digits.substring(0, 16));
  }

  /** The first 64 bits of it. */
  long number() {
    return ByteBuffer.wrap(HexFormat.of().parseHex(digits, 0, 16)).getLong();
  }
}
