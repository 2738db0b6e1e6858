package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Fault;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What runs were made of. A run in which nobody waited and nothing was lost is clean, too, and
 * proves nothing. Immutable and thread-safe.
 *
 * @param histories how many runs
 * @param acquisitions acquires that were granted
 * @param waits acquisitions that found the lock held by another
 * @param refusals acquires that gave up
 * @param unanswered acquires whose outcome nobody knows
 * @param expiredWhilePaused leases that ended before their release, over a pause of the process
 * @param expiredWhileRunning leases that ended before their release, in a process that ran
 * @param endedByStore leases of which the holder was told, before their time was over, that they
 *     are lost
 * @param overlaps holds that began while another's of the same lock could still be relied on
 * @param staleWrites attempts to write after a greater token had been granted for the lock, or seen
 *     by the resource
 * @param staleWritesRefused those of them that the resource refused
 * @param staleClaimsRefused claims of a resource that it refused
 * @param conflicts writes that were refused although no greater token was known
 * @param acknowledged ids of which the sender was told that they are kept
 * @param crashes processes that ended without being asked to
 * @param pauses times that a process did not run
 * @param disturbances how often each other fault happened
 * @param lateGrants grants to claims that had been given back, by questions that came late
 * @param unheardGrants grants of the store of which no hold came, as their answers came too late or
 *     their callers had gone
 * @param windowsSearched windows that were searched whole for an order that explains them
 * @param windowsInParts windows that were too long for that and were searched in parts
 * @param maxBypass how many that asked later were served before one who waited, at most
 * @param jain Jain's index of the acquisitions over the processes that asked: 1 if all have the
 *     same, 1/n if one of n has all; of several histories the mean, by acquisitions
 * @param longestWait the longest time that an acquisition took
 */
public record Load(
    long histories,
    long acquisitions,
    long waits,
    long refusals,
    long unanswered,
    long expiredWhilePaused,
    long expiredWhileRunning,
    long endedByStore,
    long overlaps,
    long staleWrites,
    long staleWritesRefused,
    long staleClaimsRefused,
    long conflicts,
    long acknowledged,
    long crashes,
    long pauses,
    Map<Fault, Long> disturbances,
    long lateGrants,
    long unheardGrants,
    long windowsSearched,
    long windowsInParts,
    long maxBypass,
    double jain,
    Duration longestWait) {

  /** No run at all, to add others to. */
  public static final Load NONE = new Tally().toLoad(0);

  /** Copies the map. */
  public Load {
    Map<Fault, Long> copy = new EnumMap<>(Fault.class);
    copy.putAll(disturbances);
    disturbances = Collections.unmodifiableMap(copy);
  }

  /** All leases that ended before their release. */
  public long losses() {
    return expiredWhilePaused + expiredWhileRunning + endedByStore;
  }

  /** These runs and others. */
  public Load plus(Load more) {
    Map<Fault, Long> disturbed = new EnumMap<>(Fault.class);
    disturbed.putAll(disturbances);
    more.disturbances.forEach((fault, times) -> disturbed.merge(fault, times, Long::sum));
    return new Load(
        histories + more.histories,
        acquisitions + more.acquisitions,
        waits + more.waits,
        refusals + more.refusals,
        unanswered + more.unanswered,
        expiredWhilePaused + more.expiredWhilePaused,
        expiredWhileRunning + more.expiredWhileRunning,
        endedByStore + more.endedByStore,
        overlaps + more.overlaps,
        staleWrites + more.staleWrites,
        staleWritesRefused + more.staleWritesRefused,
        staleClaimsRefused + more.staleClaimsRefused,
        conflicts + more.conflicts,
        acknowledged + more.acknowledged,
        crashes + more.crashes,
        pauses + more.pauses,
        disturbed,
        lateGrants + more.lateGrants,
        unheardGrants + more.unheardGrants,
        windowsSearched + more.windowsSearched,
        windowsInParts + more.windowsInParts,
        Math.max(maxBypass, more.maxBypass),
        meanJain(more),
        longestWait.compareTo(more.longestWait) > 0 ? longestWait : more.longestWait);
  }

  private double meanJain(Load more) {
    long both = acquisitions + more.acquisitions;
    return both == 0 ? 1 : (jain * acquisitions + more.jain * more.acquisitions) / both;
  }

  /** These figures in a few lines, for people. */
  public String report() {
    return """
        %,d histories: %,d acquisitions, %,d of them waited (longest %s), %,d gave up, %,d without an answer
        lost: %,d expired while paused, %,d while running, %,d ended by the store; overlaps %,d
        stale writes: %,d attempted, %,d refused; stale claims refused %,d; conflicts %,d; acknowledged %,d
        faults: %,d crashes, %,d pauses, %s; grants that came late %,d, that nobody heard of %,d
        order: at most %,d served before one who asked earlier, Jain's index %.3f; windows searched whole %,d, in parts %,d"""
        .formatted(
            histories,
            acquisitions,
            waits,
            longestWait,
            refusals,
            unanswered,
            expiredWhilePaused,
            expiredWhileRunning,
            endedByStore,
            overlaps,
            staleWrites,
            staleWritesRefused,
            staleClaimsRefused,
            conflicts,
            acknowledged,
            crashes,
            pauses,
            disturbances.isEmpty() ? "no disturbance" : disturbances.toString(),
            lateGrants,
            unheardGrants,
            maxBypass,
            jain,
            windowsSearched,
            windowsInParts);
  }
}
