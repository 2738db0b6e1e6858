package io.holdfast.guard;

import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Who claims records in a {@link ClaimedTable}: the token of a lease, and an id that no other
 * holder has. Make one for each lease, and claim and write with it all that the lease protects.
 *
 * <p>The id is made here, of 128 random bits. What tells two leases apart in the store, the claim,
 * is the right to release and therefore not shown to anybody; and a token alone may exist twice if
 * the store breaks its word. The id is stored in the records and is no secret.
 *
 * <p>Immutable and thread-safe.
 */
public final class Holder {

  private static final SecureRandom RANDOM = new SecureRandom();

  private final long token;
  private final String id;

  private Holder(long token, String id) {
    this.token = token;
    this.id = id;
  }

  /**
   * A holder like no other, also if called twice with one token.
   *
   * @param token the lease's token, from 1 to 2^53 - 1
   * @throws IllegalArgumentException if it is out of range
   */
  public static Holder of(long token) {
    Tokens.check(token);
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    return new Holder(token, HexFormat.of().formatHex(id));
  }

  /** The lease's token. */
  public long token() {
    return token;
  }

  /** What is stored beside the token: 32 hexadecimal digits. */
  public String id() {
    return id;
  }

  @Override
  public String toString() {
    return "Holder[" + token + ", " + id + "]";
  }
}
