package io.holdfast.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;

/** A question to the server: one atomic step, in the {@code .lua} file of its name. */
enum Script {
  ACQUIRE,
  RENEW,
  RELEASE,
  INSPECT;

  private final String text;
  private final String digest;

  Script() {
    String file = name().toLowerCase(Locale.ROOT) + ".lua";
    try (InputStream source = Script.class.getResourceAsStream(file)) {
      byte[] bytes = Objects.requireNonNull(source, file).readAllBytes();
      text = new String(bytes, StandardCharsets.US_ASCII);
      digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-1", e);
    }
  }

  String text() {
    return text;
  }

  /** The name by which a server that has seen the text knows it. */
  String digest() {
    return digest;
  }
}
