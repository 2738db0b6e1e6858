package io.holdfast.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.etcd.jetcd.ByteSequence;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which key a claim gets. */
class SlotsTest {

  private final Slots slots = new Slots();

  private static ByteSequence key(int slot) {
    return Keys.of("a name-" + slot);
  }

  private ByteSequence take() {
    return slots.take(SlotsTest::key);
  }

  @Test
  void smallestFreeKeyIsTaken() {
    assertThat(take()).isEqualTo(key(0));
    assertThat(take()).isEqualTo(key(1));
    slots.giveBack(key(0));
    assertThat(take()).isEqualTo(key(0));
    assertThat(take()).isEqualTo(key(2));
  }

  @Test
  void retiredKeyIsNeverTakenAgain() {
    take();
    slots.retire(key(0));
    slots.giveBack(key(0));
    assertThat(take()).isEqualTo(key(1));
  }

  @Test
  void keysThatAreNobodysAreTakenByWhoeverRemovesThem() {
    take();
    take();
    slots.retire(key(1));
    assertThat(slots.orphans(Stream.of(key(0), key(1), key(2)), 128))
        .containsExactly(key(1), key(2));
    assertThat(take()).as("while the removal is under way").isEqualTo(key(3));
    slots.giveBack(key(1));
    slots.giveBack(key(2));
    assertThat(take()).isEqualTo(key(2));
    assertThat(take()).isEqualTo(key(4));
  }

  @Test
  void noMoreAreRemovedAtOnceThanATransactionHolds() {
    assertThat(slots.orphans(Stream.of(key(0), key(1), key(2)), 2)).hasSize(2);
    assertThat(take()).isEqualTo(key(2));
  }
}
