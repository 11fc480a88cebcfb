package dev.datapipeline.config;

import dev.datapipeline.failure.FailureText;

/** A setting has an invalid value. The message is one line for the person who set it. */
public final class InvalidSettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  InvalidSettingException(String message) {
    super(message);
  }

  /**
   * Creates an exception that names the setting, its value and what is allowed.
   *
   * @param setting name of the environment variable
   * @param value the invalid value; null if the setting has none
   * @param allowed the allowed values; completes the sentence "it must be ..."
   */
  public InvalidSettingException(String setting, String value, String allowed) {
    super(
        "Setting %s has the value '%s', which is not allowed: it must be %s"
            .formatted(setting, FailureText.oneLine(value), allowed));
  }
}
