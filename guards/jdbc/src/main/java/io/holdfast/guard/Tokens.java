package io.holdfast.guard;

/** The range of fencing tokens. */
final class Tokens {

  /** From here on a token would not survive a store or a language that counts in doubles. */
  private static final long END = 1L << 53;

  private Tokens() {}

  static void check(long token) {
    if (token <= 0 || token >= END) {
      throw new IllegalArgumentException("a token is from 1 to 2^53 - 1, not " + token);
    }
  }
}
