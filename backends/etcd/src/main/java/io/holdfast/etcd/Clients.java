package io.holdfast.etcd;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import java.time.Duration;
import javax.net.ssl.SSLException;

/**
 * jetcd, told not to do what it does by itself. Twice more it would send what concerns leases, and
 * reads, after a connection was lost, and anything after a user's token has ended. And it would
 * hold back what it cannot send until there is a connection, however long that takes, so that a
 * place is taken for a caller who has long given up (jetcd #291). Here no call is repeated, none
 * waits for a connection that failed, and each but a watch has an end.
 *
 * <p>It would also hand each question and each answer to another thread, which costs more than all
 * that is computed here.
 */
final class Clients {

  /** The shortest that etcd servers bear by default is 5 s, and gRPC's own 10 s. */
  private static final Duration PING_AFTER = Duration.ofSeconds(10);

  private static final String WATCHES = "etcdserverpb.Watch";

  private Clients() {}

  static Client open(EtcdUrl url, StoreContext context) {
    Duration requestTimeout = context.requestTimeout();
    ClientBuilder builder =
        Client.builder()
            .endpoints(url.endpoints())
            .loadBalancerPolicy("round_robin") // a frozen member fails some calls, not all
            .retryMaxAttempts(0)
            .waitForReady(false)
            .executorService(new CallingThread())
            .connectTimeout(requestTimeout)
            .keepaliveTime(PING_AFTER)
            .keepaliveTimeout(requestTimeout)
            .keepaliveWithoutCalls(false)
            .interceptor(new Told(context));
    url.user()
        .ifPresent(user -> builder.user(Keys.of(user.name())).password(Keys.of(user.password())));
    if (url.tls()) {
      encrypt(builder, url);
    }
    return builder.build();
  }

  private static void encrypt(ClientBuilder builder, EtcdUrl url) {
    try {
      builder.sslContext(
          tls -> {
            url.ca().ifPresent(ca -> tls.trustManager(ca.toFile()));
            url.cert()
                .ifPresent(cert -> tls.keyManager(cert.toFile(), url.key().orElseThrow().toFile()));
          });
    } catch (SSLException | IllegalArgumentException e) {
      throw new StoreRefusedException(
          "A file of the etcd URL's ca, cert and key cannot be read as PEM", e);
    }
  }

  /**
   * The answer to a call is told in the thread that reads it: nothing that hears one blocks, and
   * users' code has threads of its own.
   */
  private record Told(StoreContext context) implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      ClientCall<Q, A> call = next.newCall(method, options.withExecutor(Runnable::run));
      return WATCHES.equals(method.getServiceName()) ? call : new Ending<>(call, context);
    }
  }

  /**
   * A call that is cancelled when it has had no answer in time. gRPC's own deadline would wake an
   * event loop for every call, which nearly always is answered.
   */
  private static final class Ending<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private final StoreContext context;
    private volatile boolean late;

    Ending(ClientCall<Q, A> call, StoreContext context) {
      super(call);
      this.context = context;
    }

    @Override
    public void start(Listener<A> listener, Metadata headers) {
      Time.Timer end = context.time().schedule(context.requestTimeout(), this::end);
      super.start(
          new SimpleForwardingClientCallListener<>(listener) {
            @Override
            public void onClose(Status status, Metadata trailers) {
              end.cancel();
              super.onClose(late ? Status.DEADLINE_EXCEEDED : status, trailers);
            }
          },
          headers);
    }

    private void end() {
      late = true;
      cancel("No answer in time", null);
    }
  }
}
