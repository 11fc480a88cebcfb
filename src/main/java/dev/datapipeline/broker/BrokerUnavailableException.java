package dev.datapipeline.broker;

import dev.datapipeline.failure.FailureText;

/** The broker did not answer, or not in time. Waiting and asking again is the remedy. */
public final class BrokerUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BrokerUnavailableException(Throwable cause) {
    super(FailureText.reason(cause), cause);
  }

  BrokerUnavailableException(String reason) {
    super(reason);
  }
}
