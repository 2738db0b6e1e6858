package io.holdfast.local;

import io.holdfast.LockName;
import java.math.BigInteger;
import java.util.HexFormat;

/**
 * A lock's name as the name of a file: different for different names, also where capitals do not
 * count, and never a path. Small letters, digits and {@code . _ - @} stand for themselves, all else
 * is percent-encoded: {@code machine:42} is {@code machine%3a42}.
 *
 * <p>A name that would become too long for a file system (255 characters) is written as a number
 * instead, whose digits are the name's characters: not to be read, but no two names share it, as a
 * digest would only make unlikely. {@code %%} marks it, which is no encoding of a character.
 */
final class FileNames {

  private static final String PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789._-@";
  private static final String ALPHABET = PLAIN + "ABCDEFGHIJKLMNOPQRSTUVWXYZ:/";
  private static final int LONGEST = 240;

  /** No file name of a lock is longer, with what stands behind the name. */
  static final int LONGEST_WITH_SUFFIX = LONGEST + ".token".length();

  private FileNames() {}

  static String of(LockName name) {
    StringBuilder readable = new StringBuilder();
    name.value()
        .chars()
        .forEach(
            c -> {
              if (PLAIN.indexOf(c) >= 0) {
                readable.append((char) c);
              } else {
                readable.append('%').append(HexFormat.of().toHexDigits((byte) c));
              }
            });
    return readable.length() <= LONGEST ? readable.toString() : "%%" + number(name.value());
  }

  /** In base 36: 200 characters out of 68 need 236 digits. The 1 in front keeps leading zeros. */
  private static String number(String name) {
    BigInteger base = BigInteger.valueOf(ALPHABET.length());
    BigInteger number = BigInteger.ONE;
    for (int i = 0; i < name.length(); i++) {
      number = number.multiply(base).add(BigInteger.valueOf(ALPHABET.indexOf(name.charAt(i))));
    }
    return number.toString(36);
  }
}
