package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.spi.BackendProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All backends on one class path, as a fleet has it that moves from one store to another. */
class EveryStoreTest {

  /** Schemes that are another one with TLS. */
  private static final Set<String> WITH_TLS = Set.of("rediss", "etcds");

  @TempDir private Path folder;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** A URL of each store for which a server can be had here. */
  private Map<String, String> urls() {
    Map<String, String> urls = new LinkedHashMap<>();
    urls.put("memory", "memory:");
    urls.put("file", folder.toUri().toString());
    urls.put("redis", open(EmbeddedRedis.start()).url());
    return urls;
  }

  private <A extends AutoCloseable> A open(A server) {
    opened.push(server);
    return server;
  }

  @AfterEach
  void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  @Test
  void oneJvmHoldsALockInEachStoreAtOnceAndTokensGrowFromStoreToStore() throws Exception {
    Map<String, String> urls = urls();
    Set<String> schemes = new TreeSet<>();
    for (BackendProvider provider : ServiceLoader.load(BackendProvider.class)) {
      schemes.addAll(provider.schemes());
    }
    schemes.removeAll(WITH_TLS);
    assertThat(urls.keySet()).as("a store is not tried here").isEqualTo(schemes);

    // ZooKeeper grants no session longer than 20 of its ticks.
    LocksConfig config =
        LocksConfig.DEFAULTS.options(LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(10)));
    long before = 0;
    List<Lease> leases = new ArrayList<>();
    for (String url : urls.values()) {
      Locks locks = open(Locks.connect(url, config));
      Lease lease = locks.acquire("moves");
      assertThat(lease.token()).as(locks.guarantees().store()).isGreaterThan(before);
      before = lease.token();
      leases.add(lease);
    }
    assertThat(leases).allMatch(Lease::isHeld);
    for (Lease lease : leases) {
      lease.close();
    }
  }

  /** Parts of several versions fail late, at the first call of what one of them lacks. */
  @Test
  void allPartsOfNettyAreOfOneVersion() throws IOException {
    Map<String, String> versions = new TreeMap<>();
    for (URL url :
        Collections.list(
            getClass().getClassLoader().getResources("META-INF/io.netty.versions.properties"))) {
      Properties properties = new Properties();
      try (InputStream text = url.openStream()) {
        properties.load(text);
      }
      properties.stringPropertyNames().stream()
          .filter(key -> key.endsWith(".version") && !key.contains("tcnative"))
          .forEach(key -> versions.put(key, properties.getProperty(key)));
    }
    assertThat(versions).hasSizeGreaterThan(5);
    assertThat(Set.copyOf(versions.values())).as("%s", versions).hasSize(1);
  }
}
