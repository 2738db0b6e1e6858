package io.holdfast.spi;

/** The answer to a release. */
public enum Release {
  /** The claim had the lock, and has it no more. */
  RELEASED,
  /** The claim did not have the lock. A place it may have had in the line is given up. */
  GONE
}
