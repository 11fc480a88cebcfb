package dev.datapipeline.http;

import com.ibm.websphere.security.EntryNotFoundException;
import com.ibm.websphere.security.PasswordCheckFailedException;
import com.ibm.websphere.security.UserRegistry;
import com.ibm.websphere.security.WSSecurityException;
import com.ibm.wsspi.security.registry.RegistryHelper;
import dev.datapipeline.config.OperatorConfig;
import dev.datapipeline.failure.FailureText;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.rmi.RemoteException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Checks the operator's credentials. Operators are the members of the group {@value Roles#OPERATOR}
 * in the server's user registry. If {@code OPERATOR_PASSWORD} is not set, a password is generated
 * at each start, printed once in the log, and kept in memory only.
 *
 * <p>The registry is queried directly. A login would create a session token for a cookie that is
 * never sent, and needs keys on disk. Thread-safe.
 */
@ApplicationScoped
public class Operator {
  private static final Logger LOG = Logger.getLogger(Operator.class.getName());
  private static final int PASSWORD_BYTES = 18;

  private final String user;
  private final byte[] generated;

  /** Required by CDI for client proxies; do not call. */
  protected Operator() {
    user = null;
    generated = null;
  }

  /**
   * Generates a password if none is configured.
   *
   * @param config the operator's name and, if set, password
   */
  @Inject
  public Operator(OperatorConfig config) {
    user = config.user();
    generated = config.password().isPresent() ? null : generate();
  }

  private static byte[] generate() {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().encode(random);
  }

  /**
   * Prints the generated password in the log; does nothing if a password is configured. The
   * password is valid before it is announced, so requests may arrive earlier. Must be called once.
   */
  public void announce() {
    if (generated != null) {
      LOG.info(
          "OPERATOR_PASSWORD is not set; until the next start the password of the user %s is %s"
              .formatted(user, new String(generated, StandardCharsets.US_ASCII)));
    }
  }

  /**
   * Returns whether the credentials are those of an operator. An empty password is never accepted,
   * even if the registry has a user without one.
   *
   * @param givenUser the name that the caller gave
   * @param givenPassword the password that the caller gave
   * @return false also if the registry cannot be queried, which is logged
   */
  public boolean accepts(String givenUser, String givenPassword) {
    if (givenUser.isEmpty() || givenPassword.isEmpty()) {
      return false;
    }
    return isGenerated(givenUser, givenPassword) || isInRegistry(givenUser, givenPassword);
  }

  private boolean isGenerated(String givenUser, String givenPassword) {
    return generated != null
        && user.equals(givenUser)
        && MessageDigest.isEqual(givenPassword.getBytes(StandardCharsets.UTF_8), generated);
  }

  private static boolean isInRegistry(String givenUser, String givenPassword) {
    try {
      UserRegistry registry = RegistryHelper.getUserRegistry(null);
      String found = registry.checkPassword(givenUser, givenPassword);
      return found != null && registry.getGroupsForUser(found).contains(Roles.OPERATOR);
    } catch (PasswordCheckFailedException | EntryNotFoundException e) {
      LOG.log(Level.FINE, "user not found or wrong password", e);
    } catch (WSSecurityException | RemoteException e) {
      LOG.warning("cannot query the server's user registry: " + FailureText.reason(e));
    }
    return false;
  }
}
