package io.holdfast.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A duration on the command line: {@code 500ms}, {@code 30s}, {@code 5m}, {@code 1h} or ISO-8601.
 */
final class Span implements ITypeConverter<Duration> {
  private static final Pattern SHORT = Pattern.compile("(\\d{1,12})(ms|s|m|h)");
  private static final Map<String, ChronoUnit> UNITS =
      Map.of(
          "ms", ChronoUnit.MILLIS,
          "s", ChronoUnit.SECONDS,
          "m", ChronoUnit.MINUTES,
          "h", ChronoUnit.HOURS);

  @Override
  public Duration convert(String text) {
    Matcher parts = SHORT.matcher(text);
    if (text.equals("0")) {
      return Duration.ZERO;
    } else if (parts.matches()) {
      return Duration.of(Long.parseLong(parts.group(1)), UNITS.get(parts.group(2)));
    }
    try {
      return Duration.parse(text);
    } catch (DateTimeException e) {
      throw new TypeConversionException(
          "'" + text + "' is no duration; write 500ms, 30s, 5m, 1h or PT30S");
    }
  }

  /** The span as this class reads it, to a tenth of a second where it is longer than one. */
  static String spell(Duration span) {
    long millis = span.toMillis();
    if (millis < 1000) {
      return millis + "ms";
    }
    long tenths = millis / 100;
    return tenths % 10 == 0 ? tenths / 10 + "s" : tenths / 10 + "." + tenths % 10 + "s";
  }
}
