package io.holdfast.guard;

import java.util.OptionalLong;

/**
 * The record is not the one that was read: another holder's write arrived in between, or the record
 * came or went. Decide: merge again. Roll back the whole transaction, read, merge and write once
 * more, under the same lease as long as it is held.
 */
public final class VersionConflictException extends GuardException {

  private static final long serialVersionUID = 1;

  private final long versionRead;
  private final long storedVersion;

  /** Versions that are not there are {@link FencedTable#ABSENT}. */
  VersionConflictException(
      String table, String key, long token, long versionRead, long storedVersion) {
    super(
        "The record changed since it was read",
        table,
        key,
        token,
        "version read "
            + versionRead
            + (storedVersion == FencedTable.ABSENT
                ? ", no such record"
                : ", stored version " + storedVersion));
    this.versionRead = versionRead;
    this.storedVersion = storedVersion;
  }

  /** The version on which the refused write was built; zero if it was to be the record's first. */
  public long versionRead() {
    return versionRead;
  }

  /** The version found after the refusal; empty if there is no such record. */
  public OptionalLong storedVersion() {
    return storedVersion == FencedTable.ABSENT
        ? OptionalLong.empty()
        : OptionalLong.of(storedVersion);
  }
}
