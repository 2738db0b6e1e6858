package io.holdfast.spi;

import io.holdfast.LockName;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * One wish of one process to hold a lock. Its id is never used twice, which makes every question
 * about it repeatable and lets no late message of an old claim act on a new one.
 *
 * <p>The id is the right to release: it never leaves the store and this process, is in no log, and
 * {@link #toString()} hides it. Immutable and thread-safe.
 *
 * @param name what is wished for
 * @param id 32 hexadecimal digits, 128 random bits
 * @param label who wishes, for people: printable ASCII
 */
public record Claim(LockName name, String id, String label) {

  private static final SecureRandom RANDOM = new SecureRandom();

  /** A new claim. */
  public static Claim on(LockName name, String label) {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    return new Claim(name, HexFormat.of().formatHex(id), label);
  }

  /** The claim without its id. */
  @Override
  public String toString() {
    return "Claim[" + name + " by " + label + "]";
  }
}
