package io.holdfast.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.Test;

class LookTest {

  private static final String OWN = "a".repeat(32) + "-0000000003";
  private static final String OTHER = "b".repeat(32) + "-0000000002";
  private static final long CREATED = 7;
  private static final long NEVER = -1;

  private static Look look(List<String> nodes, long after, boolean isOfNode) {
    return new Look(new Line(nodes), new Base.Reading(1, new Stat()), after, isOfNode, 0);
  }

  @Test
  void aNodeIsThereWhileItsCreationIsTheLastThatIsKnownOfItOrOfTheFolder() {
    for (boolean isOfNode : new boolean[] {true, false}) {
      Look look = look(List.of(OTHER, OWN), CREATED, isOfNode);
      assertThat(look.has(OWN, CREATED)).isTrue();
      assertThat(look.lacks(OWN, CREATED)).isFalse();
    }
  }

  @Test
  void ofAFolderThatHasChangedSinceNothingIsKnown() {
    for (long after : new long[] {CREATED - 1, CREATED + 1, NEVER}) {
      Look look = look(List.of(OWN), after, false);
      assertThat(look.has(OWN, CREATED)).isFalse();
      assertThat(look.lacks(OWN, CREATED)).isFalse();
    }
  }

  @Test
  void aNodeThatIsGoneOrWasPutThereByAnotherIsNotOurs() {
    for (long after : new long[] {CREATED + 1, NEVER}) {
      Look look = look(List.of(OWN), after, true);
      assertThat(look.has(OWN, CREATED)).isFalse();
      assertThat(look.lacks(OWN, CREATED)).isTrue();
    }
  }

  @Test
  void aNodeThatWasNotThereBeforeIsNotThere() {
    for (boolean isOfNode : new boolean[] {true, false}) {
      Look look = look(List.of(OTHER), CREATED, isOfNode);
      assertThat(look.has(OWN, CREATED)).isFalse();
      assertThat(look.lacks(OWN, CREATED)).isTrue();
    }
  }
}
