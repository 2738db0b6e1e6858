package io.holdfast.mutants;

import java.util.List;

/**
 * A mutant that simulated worlds give away.
 *
 * @param sign what is expected to find it
 * @param settings changes of the simulator that are no mistakes: what the unmutated code is to
 *     stand
 * @param changes of the worlds' plans, as {@code name=value,...}; empty for worlds as they are
 *     drawn
 */
record InWorlds(Mutant mutant, Sign sign, List<Mutant> settings, String changes) {

  InWorlds(Mutant mutant, Sign sign) {
    this(mutant, sign, List.of(), "");
  }

  InWorlds and(String text, String replacement) {
    return new InWorlds(mutant.and(text, replacement), sign, settings, changes);
  }

  InWorlds where(Mutant setting) {
    return new InWorlds(mutant, sign, List.of(setting), changes);
  }

  InWorlds with(String numbers) {
    return new InWorlds(mutant, sign, settings, numbers);
  }

  @Override
  public String toString() {
    return mutant.name();
  }
}
