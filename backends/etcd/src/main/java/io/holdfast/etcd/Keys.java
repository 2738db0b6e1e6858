package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.holdfast.LockName;
import java.nio.charset.StandardCharsets;

/**
 * The keys of one prefix: {@code <prefix>=<name>=<etcd lease in hex>-<slot>} is a claim's place in
 * the line of a name, {@code <prefix>==base} what tokens are counted from. An equals sign is in no
 * prefix and no name, so no line is part of another, and none has the base.
 */
record Keys(String prefix) {

  ByteSequence base() {
    return of(prefix + "==base");
  }

  /** How all places of a name begin. */
  ByteSequence line(LockName name) {
    return of(prefix + "=" + name.value() + "=");
  }

  ByteSequence place(LockName name, long lease, int slot) {
    return of(prefix + "=" + name.value() + "=" + Long.toHexString(lease) + "-" + slot);
  }

  static ByteSequence of(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }
}
