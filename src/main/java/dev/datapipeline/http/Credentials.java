package dev.datapipeline.http;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * A name and a password, as HTTP Basic authentication sends them.
 *
 * @param user the name
 * @param password the password
 */
record Credentials(String user, String password) {
  private static final String BASIC = "Basic ";

  /**
   * Reads the header {@code Authorization}.
   *
   * @param authorization the header; null if it is missing
   * @return empty if the header holds no Basic credentials
   */
  static Optional<Credentials> parse(String authorization) {
    if (authorization == null || !authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
      return Optional.empty();
    }
    try {
      byte[] decoded = Base64.getDecoder().decode(authorization.substring(BASIC.length()).strip());
      String[] parts = new String(decoded, StandardCharsets.UTF_8).split(":", 2);
      return parts.length == 2
          ? Optional.of(new Credentials(parts[0], parts[1]))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Leaves out the password. */
  @Override
  public String toString() {
    return "Credentials[user=" + user + "]";
  }
}
