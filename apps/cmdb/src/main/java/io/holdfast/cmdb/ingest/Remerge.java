package io.holdfast.cmdb.ingest;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.guard.GuardException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes records anew that were made by rules which are no longer in force. */
public final class Remerge {

  private static final int AT_A_TIME = 50;

  private Remerge() {}

  /**
   * Goes on until there are none left; machines that others write meanwhile are theirs.
   *
   * @return how many
   */
  public static long all(Locks locks, MachineStore machines)
      throws SQLException, InterruptedException {
    long done = 0;
    List<String> next = machines.byOtherRules(AT_A_TIME);
    while (!next.isEmpty()) {
      Map<String, Lease> leases = new HashMap<>();
      try {
        for (String machine : next) { // in the order of their names, as all who hold several
          leases.put(machine, locks.acquire(Ingest.lockName(machine)));
        }
        Map<String, Long> tokens = new HashMap<>();
        leases.forEach((machine, lease) -> tokens.put(machine, lease.token()));
        machines.remerge(tokens);
        done += tokens.size();
      } catch (GuardException | LeaseLostException | LockTimeoutException again) {
        // Somebody else was there first; what is left to do is asked anew.
      } finally {
        leases.values().forEach(Ingest::release);
      }
      next = machines.byOtherRules(AT_A_TIME);
    }
    return done;
  }
}
