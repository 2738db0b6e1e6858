package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackedProgramsTest {

  @TempDir private Path cache;

  /** As it looks to whoever listed the folder a moment earlier. */
  @Test
  void folderThatAnotherProcessHasFinishedMeanwhileIsNoError() throws Exception {
    Files.createSymbolicLink(cache.resolve("unfinished-1"), cache.resolve("finished"));

    Path found =
        UnpackedPrograms.find(
            cache,
            Optional.of(cache),
            "version",
            "program",
            folder -> UnpackedPrograms.makeExecutable(Files.createFile(folder.resolve("program"))));

    assertThat(found.resolve("program")).isExecutable();
  }
}
