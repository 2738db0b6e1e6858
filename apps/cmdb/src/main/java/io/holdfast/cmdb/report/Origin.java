package io.holdfast.cmdb.report;

/**
 * Where input came from. Immutable.
 *
 * @param file the path as it was given or found; {@code -} is the standard input
 * @param line the line, from 1; 0 stands for the whole file
 */
public record Origin(String file, int line) {

  /** {@code file} or {@code file:line}. */
  @Override
  public String toString() {
    return line == 0 ? file : file + ":" + line;
  }
}
