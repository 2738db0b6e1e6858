package io.holdfast.embedded;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Passwords for servers of ours. */
final class Password {

  private Password() {}

  /** 128 random bits in hexadecimal digits, which need no quotes anywhere. */
  static String random() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
