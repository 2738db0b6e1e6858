package io.holdfast.cli.race;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The outcomes for programs: a list of objects. Their names are a promise. */
final class RaceJson {

  private RaceJson() {}

  static void write(List<Outcome> outcomes, Path file) throws IOException {
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(file.toFile(), outcomes.stream().map(Line::of).toList());
  }

  private record Line(
      String method,
      int acknowledged,
      int lost,
      int doubled,
      int blocked,
      int wronglyReleased,
      int staleWritesRefused,
      int staleTokensRefused,
      int staleReadsRefused,
      int leasesLost) {

    static Line of(Outcome outcome) {
      return new Line(
          outcome.method().label(),
          outcome.acknowledged(),
          outcome.lost(),
          outcome.doubled(),
          outcome.blocked(),
          outcome.wronglyReleased(),
          outcome.staleWritesRefused(),
          outcome.staleTokens(),
          outcome.staleReads(),
          outcome.leasesLost());
    }
  }
}
