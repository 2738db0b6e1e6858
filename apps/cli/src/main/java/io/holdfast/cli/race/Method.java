package io.holdfast.cli.race;

import static io.holdfast.cli.race.Scene.BOTH_SEE_NOTHING;
import static io.holdfast.cli.race.Scene.CRASHED;
import static io.holdfast.cli.race.Scene.FREED_BY_ANOTHER;
import static io.holdfast.cli.race.Scene.OVERLAPPED;
import static io.holdfast.cli.race.Scene.OVERTAKEN;
import static io.holdfast.cli.race.Scene.REMOVED_BY_HAND;

import java.util.List;

/**
 * A way to merge into the record: what keeps the others away, and what the record itself checks. In
 * the order of the table, from the least to the most.
 */
enum Method {
  NO_LOCK("no lock", Writing.WHATEVER_COMES),
  THREAD_LOCK("thread lock", Writing.WHATEVER_COMES),
  FILE_LOCK("file lock", Writing.WHATEVER_COMES),
  GET_THEN_SET("GET then SET", Writing.WHATEVER_COMES),
  NO_EXPIRY("SETNX without expiry", Writing.WHATEVER_COMES),
  NO_OWNER_CHECK("expiry without owner check", Writing.WHATEVER_COMES),
  CORRECT_LOCK("correct lock", Writing.WHATEVER_COMES),
  TEXTBOOK_FENCE("lock + textbook fence", Writing.FENCE),
  FENCE_AND_VERSION("lock + fence and version (ours)", Writing.FENCE_AND_VERSION);

  /** What the record checks when it is written. */
  enum Writing {
    WHATEVER_COMES,
    FENCE,
    FENCE_AND_VERSION
  }

  private final String label;
  private final Writing writing;

  Method(String label, Writing writing) {
    this.label = label;
    this.writing = writing;
  }

  String label() {
    return label;
  }

  Writing writing() {
    return writing;
  }

  /** What shows where it ends. */
  List<Scene> scenes() {
    return switch (this) {
      case NO_LOCK, THREAD_LOCK, FILE_LOCK, CORRECT_LOCK, TEXTBOOK_FENCE, FENCE_AND_VERSION ->
          List.of(OVERTAKEN, OVERLAPPED);
      case GET_THEN_SET -> List.of(BOTH_SEE_NOTHING, OVERTAKEN, OVERLAPPED);
      case NO_EXPIRY -> List.of(CRASHED, REMOVED_BY_HAND);
      case NO_OWNER_CHECK -> List.of(OVERTAKEN, FREED_BY_ANOTHER);
    };
  }
}
