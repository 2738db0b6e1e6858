package io.holdfast.cli;

/** The last column of a table, whose text goes on below itself where a terminal ends. */
final class Column {
  /** Where it begins. */
  static final int START = 23;

  private static final int END = 80;

  private Column() {}

  /** Puts the words behind what is there; one that is too long alone is not cut. */
  static void append(StringBuilder table, String text) {
    int at = START - 1;
    for (String word : text.split(" ", -1)) {
      if (at > START && at + 1 + word.length() > END) {
        table.append(System.lineSeparator()).append(" ".repeat(START - 1));
        at = START - 1;
      }
      table.append(' ').append(word);
      at += 1 + word.length();
    }
    table.append(System.lineSeparator());
  }
}
