package io.holdfast.cmdb.store;

import java.util.Set;

/**
 * What was found under the locks is not what was found before them: roll back, release, and resolve
 * again. Nothing was written.
 */
public final class Again extends Exception {

  private final Set<String> machines;

  Again(String why, Set<String> machines) {
    super(why);
    this.machines = Set.copyOf(machines);
  }

  /** The machines that it is about. */
  public Set<String> machines() {
    return machines;
  }
}
