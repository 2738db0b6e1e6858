package io.holdfast.spi;

/** Hints that a lock may be free, until it is closed. */
@FunctionalInterface
public interface Watch extends AutoCloseable {
  /** No hints, ever. */
  Watch NONE = () -> {};

  /** Ends the hints; one that is under way may still come. Never blocks, may be repeated. */
  @Override
  void close();
}
