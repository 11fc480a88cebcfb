package dev.datapipeline.config;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The operator's account.
 *
 * @param user the operator's user name
 * @param password the operator's password; empty if the application generates one
 */
public record OperatorConfig(String user, Optional<String> password) {
  private static final int MIN_PASSWORD = 8;
  private static final int MAX_PASSWORD = 1024;

  private static final Pattern USER = Pattern.compile("[a-zA-Z0-9._@-]{1,64}");

  static OperatorConfig from(Settings settings) {
    return new OperatorConfig(
        settings.text("OPERATOR_USER", USER, "1 to 64 of the characters a-z A-Z 0-9 . _ @ -"),
        settings.secret("OPERATOR_PASSWORD", MIN_PASSWORD, MAX_PASSWORD));
  }

  /** Leaves out the password. */
  @Override
  public String toString() {
    return "OperatorConfig[user=" + user + "]";
  }
}
