package dev.datapipeline.http;

import com.ibm.websphere.security.EntryNotFoundException;
import com.ibm.websphere.security.PasswordCheckFailedException;
import com.ibm.websphere.security.UserRegistry;
import com.ibm.websphere.security.WSSecurityException;
import com.ibm.wsspi.security.registry.RegistryHelper;
import dev.datapipeline.config.OperatorConfig;
import dev.datapipeline.failure.FailureText;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.rmi.RemoteException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Who is the operator: the members of the group {@value Roles#OPERATOR} of the server's registry.
 * While {@code OPERATOR_PASSWORD} is not set, a password is generated at each start, printed once
 * in the log, and kept in memory only.
 *
 * <p>The registry is asked directly, because a login would make a session token, which needs keys
 * on the disk, for a cookie that is never sent. Safe for use by many threads.
 */
@ApplicationScoped
public class Operator {
  private static final Logger LOG = Logger.getLogger(Operator.class.getName());
  private static final int PASSWORD_BYTES = 18;

  private final String user;
  private final byte[] generated;

  /** For the container's proxy only. */
  protected Operator() {
    user = null;
    generated = null;
  }

  /**
   * Generates a password if none is set.
   *
   * @param config the operator's name, and the password if there is one
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

  void announce(@Observes @Initialized(ApplicationScoped.class) Object start) {
    if (generated != null) {
      LOG.info(
          "OPERATOR_PASSWORD is not set; until the next start the password of the user %s is %s"
              .formatted(user, new String(generated, StandardCharsets.US_ASCII)));
    }
  }

  /**
   * Returns whether these are the name and the password of an operator.
   *
   * @param givenUser a name
   * @param givenPassword a password; an empty one is nobody's, also where the registry has a user
   *     without one
   * @return false as well if the registry cannot be asked, which is logged
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
      LOG.log(Level.FINE, "not in the registry", e);
    } catch (WSSecurityException | RemoteException e) {
      LOG.warning("the server's registry of users cannot be asked: " + FailureText.reason(e));
    }
    return false;
  }
}
