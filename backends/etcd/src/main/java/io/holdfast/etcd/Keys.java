package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import java.nio.charset.StandardCharsets;

/**
 * The keys of one prefix: {@code <prefix>=<name>=<claim id>} is a claim's place in the line of a
 * name, {@code <prefix>==base} what tokens are counted from. An equals sign is in no prefix and no
 * name, so no line is part of another, and none has the base.
 *
 * <p>The id may be in the key although it is the right to release: whoever can read the key and
 * write, can delete it without knowing what is in it. Rights are etcd's matter, by prefix.
 */
record Keys(String prefix) {

  ByteSequence base() {
    return of(prefix + "==base");
  }

  /** How all places of a name begin. */
  ByteSequence line(LockName name) {
    return of(prefix + "=" + name.value() + "=");
  }

  ByteSequence place(Claim claim) {
    return of(prefix + "=" + claim.name().value() + "=" + claim.id());
  }

  static ByteSequence of(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }
}
