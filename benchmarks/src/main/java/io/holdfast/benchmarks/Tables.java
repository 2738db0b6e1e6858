package io.holdfast.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The rows for people, in 80 columns, and for programs. The names in the JSON are a promise. */
final class Tables {

  private static final String ROW = "%-28s %9s %7s %8s %8s %8s %6s";

  private Tables() {}

  /** A table of its own for each stretch of rows that have one title. */
  static List<String> lines(List<Row> rows) {
    List<String> lines = new ArrayList<>();
    String table = "";
    for (Row row : rows) {
      if (!row.table().equals(table)) {
        table = row.table();
        lines.add("");
        lines.add(table);
        lines.add(
            ROW.formatted("method", "per s", "to ours", "p50 ms", "p99 ms", "CPU ms", "lost"));
      }
      lines.add(
          String.format(
              Locale.ROOT,
              ROW,
              row.method(),
              Math.round(row.perSecond()),
              number("%.2f", row.toOurs()),
              millis(row.p50Millis()),
              millis(row.p99Millis()),
              millis(row.processorMillis()),
              row.lost()));
    }
    return lines;
  }

  /** Three digits that count, for what takes long and for what does not. */
  private static String millis(double millis) {
    return number(millis < 1 ? "%.3f" : millis < 10 ? "%.2f" : "%.1f", millis);
  }

  private static String number(String format, double number) {
    return String.format(Locale.ROOT, format, number);
  }

  private record Line(
      String table,
      String method,
      double perSecond,
      double toOurs,
      double p50Millis,
      double p99Millis,
      double processorMillis,
      long lost) {

    static Line of(Row row) {
      return new Line(
          row.table(),
          row.method(),
          row.perSecond(),
          row.toOurs(),
          row.p50Millis(),
          row.p99Millis(),
          row.processorMillis(),
          row.lost());
    }
  }

  static void write(List<Row> rows, Path file) throws IOException {
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(file.toFile(), rows.stream().map(Line::of).toList());
  }
}
