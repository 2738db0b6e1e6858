package io.holdfast.benchmarks;

/**
 * A way to keep writers of one machine apart. All else is the same for all: resolve, merge, SQL.
 */
enum Method {
  NO_LOCK("no lock"),
  FOR_UPDATE("SELECT ... FOR UPDATE"),
  OPTIMISTIC("versions, retried"),
  OURS("lock, fence, version (ours)");

  private final String label;

  Method(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
