package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of a program that fails. */
class ServerProcessTest {

  @Test
  void errorIsQuotedAlsoIfMuchIsPrintedBehindIt() {
    ServerProcess server = ServerProcess.inNewFolder("holdfast-test-", "KILL");
    try {
      server.start(List.of("sh", "-c", "echo one; echo '[ERROR] the reason'; seq 100; exit 3"));
      assertThatThrownBy(() -> server.awaitSuccess("talker"))
          .isInstanceOf(EmbeddedServerException.class)
          .hasMessage(
              "talker failed with exit code 3: [ERROR] the reason"
                  + " | 93 | 94 | 95 | 96 | 97 | 98 | 99 | 100");
    } finally {
      server.close();
    }
  }
}
