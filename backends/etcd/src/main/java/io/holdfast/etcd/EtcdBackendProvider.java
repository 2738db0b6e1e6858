package io.holdfast.etcd;

import io.holdfast.Finding;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/**
 * Connects to an etcd cluster, 3.4 or newer:
 *
 * <pre>{@code
 * etcd://[user:password@]host[:port][,host[:port]...][?prefix=lock_]
 * etcds://...   // with TLS; parameters ca, cert and key are PEM files
 * }</pre>
 *
 * <p>The port is 2379 and the prefix of all keys {@code lock_} where the URL does not say
 * otherwise. Without {@code ca} the server's certificate is verified against the JVM's trust store;
 * {@code cert} and {@code key} are this client's own, where the server asks for them. Thread-safe.
 */
public final class EtcdBackendProvider implements BackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public EtcdBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return EtcdUrl.SCHEMES;
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    return EtcdBackend.connect(EtcdUrl.parse(url), context);
  }

  @Override
  public List<Finding> examine(String url, StoreContext context) {
    return EtcdExamination.of(EtcdUrl.parse(url), context, Clock.systemUTC());
  }
}
