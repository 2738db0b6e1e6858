package io.holdfast.spi;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * What the engine lends a backend.
 *
 * @param time the time
 * @param requestTimeout how long the engine waits for one answer; connecting may take as long
 * @param leaseFor the lease of every call that brings none of its own; where the session is the
 *     lease, how long it has to live
 * @param warnings takes what the store's operator should change; the engine logs each text once. No
 *     secret and no claim in it
 */
public record StoreContext(
    Time time, Duration requestTimeout, Duration leaseFor, Consumer<String> warnings) {}
