package io.holdfast.simulation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One record of a database, with its guard. Each method is one committed transaction at the moment
 * of the call; what is written is the whole record as it was merged, so that whoever merges from an
 * old reading takes away what was written meanwhile, unless the guard refuses.
 *
 * <p>The guards are those of section 2d of the reference that {@code guards/jdbc} implements in
 * SQL: claim on read, and fence and version. Used by one thread.
 */
final class Resource {

  /** What was merged, the latest first. */
  record Merged(@Nullable Merged before, String id) {}

  /** The record as a reader gets it. */
  record Row(@Nullable Merged content, long version, long fence) {
    boolean contains(String id) {
      for (Merged merged = content; merged != null; merged = merged.before()) {
        if (merged.id().equals(id)) {
          return true;
        }
      }
      return false;
    }
  }

  /** What became of a claim or a write. */
  enum Verdict {
    ACCEPTED,
    /** A newer token was seen: stop. */
    STALE,
    /** Another wrote since the reading: read and merge again. */
    CONFLICT
  }

  private final String name;
  private @Nullable Merged content;
  private long version;
  private long fence;
  private String holder = "";

  /** A record whose guard has seen a token. */
  Resource(String name, long fence) {
    this.name = name;
    this.fence = fence;
  }

  String name() {
    return name;
  }

  Row read() {
    return new Row(content, version, fence);
  }

  /** Guard (a), before the reading: whoever claimed before can write no more. */
  Verdict claim(long token, String claimant) {
    if (fence < token || (fence == token && holder.equals(claimant))) {
      fence = token;
      holder = claimant;
      return Verdict.ACCEPTED;
    }
    return Verdict.STALE;
  }

  /** Guard (a), at the write. */
  Verdict writeClaimed(long token, String claimant, Merged merged) {
    if (fence == token && holder.equals(claimant)) {
      return write(token, merged);
    }
    return Verdict.STALE;
  }

  /** Guard (b): one statement. */
  Verdict writeVersioned(long token, long versionRead, Merged merged) {
    if (fence <= token && version == versionRead) {
      return write(token, merged);
    }
    return fence > token ? Verdict.STALE : Verdict.CONFLICT;
  }

  private Verdict write(long token, Merged merged) {
    content = merged;
    fence = token;
    version++;
    return Verdict.ACCEPTED;
  }

  /** All that is in it, the earliest first. */
  List<String> ids() {
    List<String> ids = new ArrayList<>();
    for (Merged merged = content; merged != null; merged = merged.before()) {
      ids.add(merged.id());
    }
    Collections.reverse(ids);
    return ids;
  }
}
