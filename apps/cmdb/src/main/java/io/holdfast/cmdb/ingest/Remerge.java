package io.holdfast.cmdb.ingest;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.guard.GuardException;
import io.holdfast.guard.StaleTokenException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** Makes records anew that were made by rules which are no longer in force. */
public final class Remerge {

  private static final int LISTED_AT_A_TIME = 500;

  private Remerge() {}

  /**
   * Goes on until there are none left; machines that others write meanwhile are theirs.
   *
   * @return how many
   */
  public static long all(Locks locks, MachineStore machines)
      throws IngestException, InterruptedException {
    long done = 0;
    while (true) {
      List<String> next = Patience.ask(() -> machines.byOtherRules(LISTED_AT_A_TIME));
      if (next.isEmpty()) {
        return done;
      }
      for (String machine : next) {
        remerge(locks, machines, machine);
        done++;
      }
    }
  }

  private static void remerge(Locks locks, MachineStore machines, String machine)
      throws IngestException, InterruptedException {
    long tokenAbove = 0;
    for (int attempt = 0; ; attempt++) {
      long above = tokenAbove;
      try {
        Patience.ask(() -> once(locks, machines, machine, above));
        return;
      } catch (StaleTokenException e) {
        tokenAbove = e.storedFence();
      } catch (GuardException | LeaseLostException | LockTimeoutException again) {
        // Somebody else was there first.
      }
      Patience.pause(attempt);
    }
  }

  private static boolean once(Locks locks, MachineStore machines, String machine, long tokenAbove)
      throws SQLException, InterruptedException {
    Lease lease = locks.acquire(Ingest.lockName(machine), locks.options().tokenAbove(tokenAbove));
    try {
      machines.remerge(Map.of(machine, lease.token()));
      return true;
    } finally {
      Ingest.release(lease);
    }
  }
}
