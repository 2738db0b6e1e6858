package io.holdfast.simulation;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Chance that can be repeated: the same seed draws the same on every JDK, because nothing of the
 * JDK's own draws is used. SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014). Used by one thread.
 */
final class Dice implements RandomGenerator {

  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long seed;
  private long state;

  Dice(long seed) {
    this.seed = seed;
    this.state = seed;
  }

  /** Dice of their own for one concern: what they draw does not shift what others draw. */
  Dice forConcern(String concern) {
    long mixed = seed;
    for (int i = 0; i < concern.length(); i++) {
      mixed = mix(mixed + GOLDEN + concern.charAt(i));
    }
    return new Dice(mixed);
  }

  @Override
  public long nextLong() {
    state += GOLDEN;
    return mix(state);
  }

  @Override
  public int nextInt() {
    return (int) (nextLong() >>> 32);
  }

  @Override
  public long nextLong(long origin, long bound) {
    return origin + Long.remainderUnsigned(nextLong(), bound - origin);
  }

  @Override
  public int nextInt(int bound) {
    return (int) nextLong(0, bound);
  }

  @Override
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  boolean chance(double probability) {
    return nextDouble() < probability;
  }

  int between(int least, int most) {
    return (int) nextLong(least, most + 1L);
  }

  Duration between(Duration least, Duration most) {
    return Duration.ofNanos(nextLong(least.toNanos(), most.toNanos() + 1));
  }

  /** Most often short, now and then long: exponential, with the mean given. */
  Duration about(Duration mean) {
    return Duration.ofNanos((long) (-StrictMath.log(1 - nextDouble()) * mean.toNanos()));
  }

  <T> T oneOf(List<T> all) {
    return all.get(nextInt(all.size()));
  }

  private static long mix(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
