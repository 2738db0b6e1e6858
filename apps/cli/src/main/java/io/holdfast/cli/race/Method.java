package io.holdfast.cli.race;

import static io.holdfast.cli.race.Scene.BOTH_SEE_NOTHING;
import static io.holdfast.cli.race.Scene.CRASHED;
import static io.holdfast.cli.race.Scene.FREED_BY_ANOTHER;
import static io.holdfast.cli.race.Scene.OVERLAPPED;
import static io.holdfast.cli.race.Scene.OVERTAKEN;
import static io.holdfast.cli.race.Scene.REMOVED_BY_HAND;

import java.util.List;

/**
 * A way to merge into the record: what keeps the others away, and what the record itself checks.
 * Each comes with the scenes that show where it ends.
 */
enum Method {
  NO_LOCK("no lock", Writing.WHATEVER_COMES, OVERTAKEN, OVERLAPPED),
  THREAD_LOCK("thread lock", Writing.WHATEVER_COMES, OVERTAKEN, OVERLAPPED),
  FILE_LOCK("file lock", Writing.WHATEVER_COMES, OVERTAKEN, OVERLAPPED),
  GET_THEN_SET("GET then SET", Writing.WHATEVER_COMES, BOTH_SEE_NOTHING, OVERTAKEN, OVERLAPPED),
  NO_EXPIRY("SETNX without expiry", Writing.WHATEVER_COMES, CRASHED, REMOVED_BY_HAND),
  NO_OWNER_CHECK("expiry without owner check", Writing.WHATEVER_COMES, OVERTAKEN, FREED_BY_ANOTHER),
  CORRECT_LOCK("correct Redis lock", Writing.WHATEVER_COMES, OVERTAKEN, OVERLAPPED),
  TEXTBOOK_FENCE("lock + textbook fence", Writing.FENCE, OVERTAKEN, OVERLAPPED),
  FENCE_AND_VERSION(
      "lock + fence and version (ours)", Writing.FENCE_AND_VERSION, OVERTAKEN, OVERLAPPED);

  /** What the record checks when it is written. */
  enum Writing {
    WHATEVER_COMES,
    FENCE,
    FENCE_AND_VERSION
  }

  private final String label;
  private final Writing writing;
  private final List<Scene> scenes;

  Method(String label, Writing writing, Scene... scenes) {
    this.label = label;
    this.writing = writing;
    this.scenes = List.of(scenes);
  }

  String label() {
    return label;
  }

  Writing writing() {
    return writing;
  }

  List<Scene> scenes() {
    return scenes;
  }
}
