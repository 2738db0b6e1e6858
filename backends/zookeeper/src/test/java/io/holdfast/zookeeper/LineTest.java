package io.holdfast.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LineTest {

  private static final String A = "a".repeat(32) + "-";
  private static final String B = "b".repeat(32) + "-";
  private static final String C = "c".repeat(32) + "-";

  @Test
  void theSequenceOrdersAndNotTheDigest() {
    Line line = new Line(List.of(A + "0000000012", C + "0000000007", B + "0000000009"));
    assertThat(line.first()).contains(C + "0000000007");
    assertThat(line.positionOf(A + "0000000012")).isEqualTo(2);
    assertThat(line.predecessorOf(A + "0000000012")).contains(B + "0000000009");
    assertThat(line.predecessorOf(C + "0000000007")).isEmpty();
  }

  @Test
  void whatIsCreatedNearTheEndOfTheCounterAndAfterItIsSpentAndBeforeNobody() {
    String last = A + "2130706430";
    List<String> spent =
        List.of(B + "2130706431", B + "2147483647", B + "-2147483648", B + "-0000000001");
    assertThat(Line.isSpent(A + "0000000000")).isFalse();
    assertThat(Line.isSpent(last)).isFalse();
    assertThat(spent)
        .allSatisfy(
            node -> {
              assertThat(Line.isSpent(node)).isTrue();
              assertThat(new Line(List.of(node, last)).predecessorOf(last)).isEmpty();
              assertThat(new Line(List.of(node, last)).first()).contains(last);
            });
  }

  @Test
  void whatIsNotOursStandsInNoLine() {
    Line line = new Line(List.of("lock-0000000001", "_c_" + A + "0000000002", A + "0000000003"));
    assertThat(line.nodes()).containsExactly(A + "0000000003");
  }

  @Test
  void noTwoNamesHaveOneFolderAndNoneIsZooKeepers() {
    List<String> names =
        Stream.of(
                ".", "..", "...", "/", "//", "a/b", "a:b", "a.b", "2F", "a2Fb", "2E", ".a", "./",
                "/.")
            .toList();
    List<String> folders =
        names.stream().map(LockName::new).map(Line::folderOf).collect(Collectors.toList());
    assertThat(folders).doesNotHaveDuplicates();
    assertThat(folders)
        .allSatisfy(
            folder ->
                assertThat(folder)
                    .doesNotContain("/")
                    .doesNotStartWith(".")
                    .doesNotStartWith("%b"));
  }

  @Test
  void theNameOfANodeDoesNotTellTheClaim() {
    Claim claim = Claim.on(new LockName("a"), "somebody");
    assertThat(Line.prefixOf(claim, 1)).doesNotContain(claim.id()).hasSize(33);
    assertThat(Line.prefixOf(claim, 1)).isEqualTo(Line.prefixOf(claim, 1));
    assertThat(Line.prefixOf(claim, 2)).isNotEqualTo(Line.prefixOf(claim, 1));
    assertThat(Line.prefixOf(Claim.on(new LockName("a"), "somebody"), 1))
        .isNotEqualTo(Line.prefixOf(claim, 1));
  }
}
