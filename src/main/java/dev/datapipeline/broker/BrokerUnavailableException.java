package dev.datapipeline.broker;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.OutageException;

/** Thrown if the broker doesn't answer in time. */
public final class BrokerUnavailableException extends OutageException {
  private static final long serialVersionUID = 1L;

  BrokerUnavailableException(Throwable cause) {
    super(FailureText.reason(cause), cause);
  }

  /**
   * Creates an exception without a cause.
   *
   * @param reason one line
   */
  public BrokerUnavailableException(String reason) {
    super(reason, null);
  }
}
