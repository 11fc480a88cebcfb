package dev.datapipeline.http;

import com.ibm.websphere.security.EntryNotFoundException;
import com.ibm.websphere.security.PasswordCheckFailedException;
import com.ibm.websphere.security.UserRegistry;
import com.ibm.websphere.security.WSSecurityException;
import com.ibm.wsspi.security.registry.RegistryHelper;
import dev.datapipeline.config.AccountsConfig;
import dev.datapipeline.failure.FailureText;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.rmi.RemoteException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Checks names and passwords against the server's user registry, whose groups are the roles. If the
 * registry is the one in {@code server.xml} and {@code OPERATOR_PASSWORD} is not set, a password
 * for the operator is generated at each start and kept in memory.
 *
 * <p>The registry is queried directly. A login would create a session token for a cookie that is
 * never sent, and needs keys on disk. Thread-safe.
 */
@ApplicationScoped
public class Users {
  /** The realm of the registry whose users are set by environment variables. */
  static final String OWN_REALM = "datapipeline-settings";

  private static final Logger LOG = Logger.getLogger(Users.class.getName());
  private static final int PASSWORD_BYTES = 18;

  /** Finds the server's user registry. */
  @FunctionalInterface
  interface Registry {
    UserRegistry get() throws WSSecurityException;
  }

  private final Registry registry;
  private final String operator;
  private final byte[] generated;
  private final boolean logsLeave;

  /** Required by CDI for client proxies; do not call. */
  protected Users() {
    registry = null;
    operator = null;
    generated = null;
    logsLeave = false;
  }

  /**
   * Generates a password for the operator if it is needed.
   *
   * @param accounts the accounts that are set
   * @param telemetryDisabled whether the log stays on this machine
   */
  @Inject
  public Users(
      AccountsConfig accounts,
      @ConfigProperty(name = "otel.sdk.disabled", defaultValue = "true")
          boolean telemetryDisabled) {
    this(accounts, telemetryDisabled, () -> RegistryHelper.getUserRegistry(null));
  }

  Users(AccountsConfig accounts, boolean telemetryDisabled, Registry registry) {
    this.registry = registry;
    operator = accounts.operator().user();
    generated =
        accounts.operator().password().isEmpty() && OWN_REALM.equals(realm()) ? generate() : null;
    logsLeave = !telemetryDisabled;
  }

  /** Returns the registry's realm; null if it can't be asked, so that it isn't the own one. */
  private String realm() {
    try {
      return registry.get().getRealm();
    } catch (WSSecurityException | RemoteException e) {
      LOG.warning("cannot query the server's user registry: " + FailureText.reason(e));
      return null;
    }
  }

  private static byte[] generate() {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().encode(random);
  }

  /**
   * Announces the generated password; does nothing if there is none. The log names it, or a file
   * that contains it if the log is exported to another machine. The password is valid before it is
   * announced, so requests may arrive earlier. Must be called once.
   *
   * @param directory where to write the file
   */
  public void announce(Path directory) {
    if (generated == null) {
      return;
    }
    LOG.info(
        "OPERATOR_PASSWORD is not set; until the next start the password of the user %s is %s"
            .formatted(operator, logsLeave ? inFile(directory) : text(generated)));
  }

  private static String text(byte[] password) {
    return new String(password, StandardCharsets.US_ASCII);
  }

  private String inFile(Path directory) {
    Path file = directory.resolve("operator.password").toAbsolutePath();
    try {
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, generated);
      return "in the file " + file;
    } catch (IOException | UnsupportedOperationException e) {
      return "not available, because it cannot be written to a file: " + FailureText.reason(e);
    }
  }

  /**
   * Returns the user with this name and password. An empty password is never accepted, even if the
   * registry has a user without one.
   *
   * @param name the name that the caller gave
   * @param password the password that the caller gave
   * @return empty if they are wrong
   * @throws RegistryUnavailableException if the registry can't be asked; the password may be right
   */
  Optional<Caller> find(String name, String password) {
    if (name.isEmpty() || password.isEmpty()) {
      return Optional.empty();
    }
    return isGenerated(name, password)
        ? Optional.of(new Caller(name, Set.of(Role.OPERATOR)))
        : inRegistry(name, password);
  }

  private boolean isGenerated(String name, String password) {
    return generated != null
        && operator.equals(name)
        && MessageDigest.isEqual(password.getBytes(StandardCharsets.UTF_8), generated);
  }

  private Optional<Caller> inRegistry(String name, String password) {
    try {
      UserRegistry users = registry.get();
      String found = users.checkPassword(name, password);
      if (found != null) {
        return Optional.of(new Caller(found, roles(users.getGroupsForUser(found))));
      }
    } catch (PasswordCheckFailedException | EntryNotFoundException e) {
      LOG.log(Level.FINE, "user not found or wrong password", e);
    } catch (WSSecurityException | RemoteException e) {
      throw new RegistryUnavailableException(e);
    }
    return Optional.empty();
  }

  private static Set<Role> roles(List<?> groups) {
    Set<Role> roles = EnumSet.noneOf(Role.class);
    Arrays.stream(Role.values()).filter(role -> groups.contains(role.group())).forEach(roles::add);
    return roles;
  }
}
