package io.holdfast.embedded;

import org.jspecify.annotations.Nullable;

/**
 * An embedded server could not be started. The message is one line for a person's eyes: which
 * server, and why, with what the server printed. Nothing is left behind: no process, and no folder
 * but a {@link DataFolder}'s. Trying again without a change rarely helps; using a server of one's
 * own does.
 */
public final class EmbeddedServerException extends RuntimeException {

  EmbeddedServerException(String message) {
    super(message);
  }

  EmbeddedServerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
