package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import io.holdfast.testkit.ManualTime;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who connects has patience with a store that is silent, and none with one that is not there. */
class ConnectTest {

  private static final Duration REQUEST = Duration.ofSeconds(3);

  private final ManualTime time = new ManualTime();
  private final StoreContext context =
      new StoreContext(time, REQUEST, Duration.ofSeconds(30), warning -> {});
  private int asked;

  /** Gives no answer at first, so many times, and takes so long each time. */
  private BackendProvider noAnswer(int times, Duration each) {
    return new BackendProvider() {
      @Override
      public Set<String> schemes() {
        return Set.of("slow");
      }

      @Override
      public LockBackend connect(String url, StoreContext with) {
        if (++asked <= times) {
          time.pass(each);
          throw new BackendException("no answer");
        }
        return new MemoryBackend(new MemoryStore(time::nanoTime, time.clock()));
      }
    };
  }

  private void connect(BackendProvider provider) {
    EngineLocksProvider.connected(provider, "slow:", context).close();
  }

  @Test
  void silentStoreIsAskedOnceMore() {
    connect(noAnswer(1, REQUEST));
    assertThat(asked).isEqualTo(2);
  }

  @Test
  void storeThatStaysSilentIsGivenUp() {
    assertThatThrownBy(() -> connect(noAnswer(2, REQUEST))).isInstanceOf(BackendException.class);
    assertThat(asked).isEqualTo(2);
  }

  @Test
  void storeThatIsNotThereIsNotAskedAgain() {
    assertThatThrownBy(() -> connect(noAnswer(1, REQUEST.minusMillis(1))))
        .isInstanceOf(BackendException.class);
    assertThat(asked).isEqualTo(1);
  }
}
