package io.holdfast.simulation;

import java.time.Duration;

/** A server's clock of the day: wrong by so much, set now and then. Used by one thread. */
final class WallClock {

  /** The beginning of 2026: what a world's time starts with. */
  static final long BEGIN_MICROS = 1_767_225_600_000_000L;

  private final Agenda agenda;
  private final double rate;
  private long errorMicros;

  WallClock(Agenda agenda, double rate) {
    this.agenda = agenda;
    this.rate = rate;
  }

  /** Sets it to true time and an error. */
  void set(Duration error) {
    errorMicros = error.toNanos() / 1_000;
  }

  /** Microseconds since 1970, as it tells them. */
  long micros() {
    return BEGIN_MICROS + (long) (agenda.now() * rate) / 1_000 + errorMicros;
  }
}
