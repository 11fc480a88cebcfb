package dev.datapipeline.config;

import dev.datapipeline.failure.FailureText;

/** A setting whose value cannot be used. Its message is one line for the person who set it. */
public final class InvalidSettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  InvalidSettingException(String message) {
    super(message);
  }

  /**
   * Names what was wrong.
   *
   * @param setting the setting's environment variable
   * @param value what it is set to; null if it is not
   * @param allowed what it may be, to follow "it must be"
   */
  public InvalidSettingException(String setting, String value, String allowed) {
    super(
        "Setting %s has the value '%s', which is not allowed: it must be %s"
            .formatted(setting, FailureText.oneLine(value), allowed));
  }
}
