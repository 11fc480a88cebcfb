package dev.datapipeline.failure;

/**
 * Something that the pipeline depends on is not available now. Waiting and retrying is the remedy.
 */
public abstract class OutageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * An outage with a cause.
   *
   * @param reason one line
   * @param cause null if there is none
   */
  protected OutageException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
