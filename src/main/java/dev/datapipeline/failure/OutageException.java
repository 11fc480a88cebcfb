package dev.datapipeline.failure;

/** Thrown if something that the pipeline depends on is not available now. Wait and retry. */
public abstract class OutageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param reason one line
   * @param cause null if there is none
   */
  protected OutageException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
