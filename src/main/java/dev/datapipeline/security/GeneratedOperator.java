package dev.datapipeline.security;

import dev.datapipeline.config.OperatorConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.logging.Logger;

/**
 * The operator while {@code OPERATOR_PASSWORD} is not set: a password is generated at each start,
 * printed once in the log, and kept in memory only. Every other name, and everybody once the
 * password is set, is left to the server's registry.
 */
@ApplicationScoped
public class GeneratedOperator {
  private static final Logger LOG = Logger.getLogger(GeneratedOperator.class.getName());
  private static final int PASSWORD_BYTES = 18;

  private final String user;
  private final byte[] password;

  /** For the container's proxy only. */
  protected GeneratedOperator() {
    user = null;
    password = null;
  }

  /**
   * Generates a password if none is set.
   *
   * @param config the operator's name, and the password if there is one
   */
  @Inject
  public GeneratedOperator(OperatorConfig config) {
    user = config.user();
    password = config.password().isPresent() ? null : generate();
  }

  private static byte[] generate() {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().encode(random);
  }

  void announce(@Observes @Initialized(ApplicationScoped.class) Object start) {
    if (password != null) {
      LOG.info(
          "OPERATOR_PASSWORD is not set; until the next start the password of the user %s is %s"
              .formatted(user, new String(password, StandardCharsets.US_ASCII)));
    }
  }

  /**
   * Returns whether these are the operator's name and the generated password.
   *
   * @param givenUser a name
   * @param givenPassword a password
   * @return false for everybody while {@code OPERATOR_PASSWORD} is set
   */
  public boolean accepts(String givenUser, String givenPassword) {
    return password != null
        && user.equals(givenUser)
        && MessageDigest.isEqual(givenPassword.getBytes(StandardCharsets.UTF_8), password);
  }
}
