package io.holdfast.mutants;

import io.holdfast.testkit.history.Verdict;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The simulator of some classes. Used by one thread. */
final class Worlds {

  /** Held, because a logger that nobody holds forgets its level. */
  private static final Logger LOG = Logger.getLogger("io.holdfast");

  private final MethodHandle drawn;
  private final MethodHandle changed;
  private final MethodHandle verdict;

  Worlds(ClassLoader classes) throws ReflectiveOperationException {
    LOG.setLevel(Level.OFF); // losses are what these worlds are made of
    Class<?> simulation = classes.loadClass("io.holdfast.simulation.Simulation");
    Class<?> replay = classes.loadClass("io.holdfast.simulation.Simulation$Replay");
    MethodHandles.Lookup lookup = MethodHandles.publicLookup();
    MethodType bySeed = MethodType.methodType(replay, long.class);
    drawn = lookup.findStatic(simulation, "world", bySeed);
    changed = lookup.findStatic(simulation, "world", bySeed.appendParameterTypes(String.class));
    verdict = lookup.findVirtual(replay, "verdict", MethodType.methodType(Verdict.class));
  }

  /** What the checks say of the world of a seed. */
  Verdict verdict(long seed, String changes) throws Throwable {
    Object replay = changes.isEmpty() ? drawn.invoke(seed) : changed.invoke(seed, changes);
    return (Verdict) verdict.invoke(replay);
  }
}
