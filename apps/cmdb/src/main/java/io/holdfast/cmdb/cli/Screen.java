package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Value;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How text of unknown origin is shown: on one line, short, and unable to steer a terminal. */
final class Screen {

  static final int COLUMNS = 80;

  private static final String ELLIPSIS = "...";

  /** Controls, what is invisible or turns the direction of writing, ends of lines, odd halves. */
  private static final Pattern UNSEEMLY = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]");

  private Screen() {}

  /** The text with a question mark for each character that is not to reach a terminal. */
  static String plain(String text) {
    return UNSEEMLY.matcher(text).replaceAll("?");
  }

  /** The same, cut to so many characters. */
  static String cut(String text, int longest) {
    String plain = plain(text);
    if (plain.codePointCount(0, plain.length()) <= longest) {
      return plain;
    }
    int end = plain.offsetByCodePoints(0, Math.max(0, longest - ELLIPSIS.length()));
    return plain.substring(0, end) + ELLIPSIS;
  }

  /** The same, filled with blanks to just that width. */
  static String column(String text, int width) {
    String cut = cut(text, width);
    return cut + " ".repeat(width - cut.codePointCount(0, cut.length()));
  }

  /** A value as JSON, or that there is none. */
  static String value(Value value) {
    return value.isDeleted() ? "none" : value.json();
  }

  /** To the second. */
  static String moment(Instant moment) {
    return moment.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** In the largest unit of which there is at least one. */
  static String age(Duration age) {
    if (age.toDays() > 0) {
      return age.toDays() + " d";
    } else if (age.toHours() > 0) {
      return age.toHours() + " h";
    } else if (age.toMinutes() > 0) {
      return age.toMinutes() + " min";
    }
    return age.toSeconds() + " s";
  }

  /** JSON on one line, nothing cut, with escapes for what is not to reach a terminal. */
  static String json(ObjectNode node) {
    return json(node.toString());
  }

  /** A line of JSON that somebody else has written, with the same escapes; tabs stay. */
  static String json(String line) {
    return UNSEEMLY
        .matcher(line)
        .replaceAll(match -> match.group().equals("\t") ? "\t" : escaped(match));
  }

  private static String escaped(MatchResult match) {
    StringBuilder escaped = new StringBuilder();
    for (char each : match.group().toCharArray()) {
      escaped.append(String.format("\\u%04x", (int) each));
    }
    return Matcher.quoteReplacement(escaped.toString());
  }
}
