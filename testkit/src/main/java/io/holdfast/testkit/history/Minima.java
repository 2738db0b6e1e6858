package io.holdfast.testkit.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What has to happen at least, or a clean run proves nothing. Start from {@link #NONE}. Immutable
 * and thread-safe.
 *
 * @param acquisitions acquires that were granted
 * @param waits acquisitions that found the lock held
 * @param losses leases that ended before their release
 * @param staleWrites writes attempted with a token that was no longer the newest
 * @param staleRefused stale writes and claims that the resource refused
 * @param conflicts writes that were refused although no greater token was known
 * @param acknowledged ids of which the sender was told that they are kept
 * @param crashes processes that ended without being asked to
 * @param pauses times that a process did not run
 * @param disturbances all other faults together
 */
public record Minima(
    long acquisitions,
    long waits,
    long losses,
    long staleWrites,
    long staleRefused,
    long conflicts,
    long acknowledged,
    long crashes,
    long pauses,
    long disturbances) {

  /** Nothing has to happen. */
  public static final Minima NONE = new Minima(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** These minima with another number of {@link #acquisitions()}. */
  public Minima acquisitions(long least) {
    return new Minima(
        least,
        waits,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #waits()}. */
  public Minima waits(long least) {
    return new Minima(
        acquisitions,
        least,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #losses()}. */
  public Minima losses(long least) {
    return new Minima(
        acquisitions,
        waits,
        least,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #staleWrites()}. */
  public Minima staleWrites(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        least,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #staleRefused()}. */
  public Minima staleRefused(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        least,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #conflicts()}. */
  public Minima conflicts(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        staleRefused,
        least,
        acknowledged,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #acknowledged()}. */
  public Minima acknowledged(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        least,
        crashes,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #crashes()}. */
  public Minima crashes(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        least,
        pauses,
        disturbances);
  }

  /** These minima with another number of {@link #pauses()}. */
  public Minima pauses(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        least,
        disturbances);
  }

  /** These minima with another number of {@link #disturbances()}. */
  public Minima disturbances(long least) {
    return new Minima(
        acquisitions,
        waits,
        losses,
        staleWrites,
        staleRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        least);
  }

  /** What a load lacks, each with its number and the number it should have; empty if nothing. */
  public Optional<String> missing(Load load) {
    List<String> lacking = new ArrayList<>();
    least(lacking, "acquisitions", load.acquisitions(), acquisitions);
    least(lacking, "waits", load.waits(), waits);
    least(lacking, "losses", load.losses(), losses);
    least(lacking, "stale writes", load.staleWrites(), staleWrites);
    long refused = load.staleWritesRefused() + load.staleClaimsRefused();
    least(lacking, "stale writes and claims refused", refused, staleRefused);
    least(lacking, "conflicts", load.conflicts(), conflicts);
    least(lacking, "acknowledged", load.acknowledged(), acknowledged);
    least(lacking, "crashes", load.crashes(), crashes);
    least(lacking, "pauses", load.pauses(), pauses);
    long disturbed = load.disturbances().values().stream().mapToLong(Long::longValue).sum();
    least(lacking, "disturbances", disturbed, disturbances);
    return lacking.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", lacking));
  }

  private static void least(List<String> lacking, String what, long is, long least) {
    if (is < least) {
      lacking.add("%s %,d of %,d".formatted(what, is, least));
    }
  }
}
