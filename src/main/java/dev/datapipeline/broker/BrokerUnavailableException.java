package dev.datapipeline.broker;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.OutageException;

/** The broker didn't answer, or not in time. */
public final class BrokerUnavailableException extends OutageException {
  private static final long serialVersionUID = 1L;

  BrokerUnavailableException(Throwable cause) {
    super(FailureText.reason(cause), cause);
  }

  /**
   * An outage without a cause.
   *
   * @param reason one line
   */
  public BrokerUnavailableException(String reason) {
    super(reason, null);
  }
}
