package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;

/** The database didn't take a batch. The message is one line with the reason and the SQLSTATE. */
public final class StorageException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Describes a failure of the database.
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
