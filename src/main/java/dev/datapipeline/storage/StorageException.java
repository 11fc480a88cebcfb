package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;

/**
 * Thrown if the database doesn't take a batch. The message is one line with the reason and the
 * SQLSTATE.
 */
public final class StorageException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param cause not null
   */
  public StorageException(Throwable cause) {
    super(message(cause), cause);
  }

  private static String message(Throwable cause) {
    String sqlState = FailureKind.sqlState(cause);
    return FailureText.reason(cause) + (sqlState == null ? "" : " (SQLSTATE " + sqlState + ")");
  }
}
