package dev.datapipeline.storage;

import dev.datapipeline.failure.DatabaseFailure;
import dev.datapipeline.failure.FailureText;

/** The database did not take a batch. Its message is one line with the reason and the SQLSTATE. */
public final class StorageException extends Exception {
  private static final long serialVersionUID = 1L;

  private final DatabaseFailure failure;

  StorageException(Throwable cause) {
    super(message(cause), cause);
    failure = DatabaseFailure.of(cause);
  }

  private static String message(Throwable cause) {
    String sqlState = DatabaseFailure.sqlState(cause);
    return FailureText.reason(cause) + (sqlState == null ? "" : " (SQLSTATE " + sqlState + ")");
  }

  /**
   * Returns what to do about it.
   *
   * @return not null
   */
  public DatabaseFailure failure() {
    return failure;
  }
}
