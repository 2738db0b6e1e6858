package io.holdfast.engine;

import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;

/** Two calls at the same moment, and what must be true when both are over. */
public abstract class Duel {

  final Rig rig = new Rig();
  private volatile @Nullable Throwable thrown;

  abstract void one();

  abstract void other();

  abstract void afterwards();

  /** The first thread. */
  @Operation(runOnce = true)
  public void first() {
    noting(() -> one());
  }

  /** The second thread. */
  @Operation(runOnce = true)
  public void second() {
    noting(() -> other());
  }

  /** Called when both are done. */
  @Validate
  public void bothDone() {
    if (thrown != null) {
      throw new AssertionError(thrown.toString(), thrown);
    }
    afterwards();
  }

  /** What an operation throws would be a result like any other. */
  private void noting(Runnable code) {
    try {
      code.run();
    } catch (RuntimeException | Error e) {
      thrown = e;
    }
  }
}
