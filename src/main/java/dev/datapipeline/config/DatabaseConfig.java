package dev.datapipeline.config;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Which database the application uses. {@code server.xml} configures the datasource from the same
 * variables. Only the datasource knows the password.
 *
 * @param host host name or address
 * @param port TCP port
 * @param name name of the database
 * @param user role to log in as
 * @param sslMode the driver's {@code sslmode}
 * @param sslRootCert PEM file with the certificates of trusted authorities; must be readable if
 *     {@code sslMode} verifies the server's certificate
 */
public record DatabaseConfig(
    String host, int port, String name, String user, String sslMode, String sslRootCert) {

  private static final Pattern HOST = Pattern.compile("[^\\s/?#@]{1,253}");
  private static final Pattern NAME = Pattern.compile("[^\\s/?#\\p{Cntrl}]{1,63}");
  private static final Pattern SSL_MODE =
      Pattern.compile("disable|allow|prefer|require|verify-ca|verify-full");

  private static final Pattern FILE = Pattern.compile("[^\\p{Cntrl}]+");

  static DatabaseConfig from(Settings settings) {
    DatabaseConfig config =
        new DatabaseConfig(
            settings.text("DB_HOST", HOST, "a host name or address"),
            settings.integer("DB_PORT", 1, 65_535),
            settings.text("DB_NAME", NAME, "a database name"),
            settings.text("DB_USER", NAME, "a role name"),
            settings.text(
                "DB_SSLMODE",
                SSL_MODE,
                "one of disable, allow, prefer, require, verify-ca, verify-full"),
            settings.text("DB_SSLROOTCERT", FILE, "a file name"));
    // fail now: without the file, no connection could ever be opened
    if (config.verifies() && !isReadable(config.sslRootCert)) {
      throw new InvalidSettingException(
          "DB_SSLROOTCERT",
          config.sslRootCert,
          "a readable file with the authority's certificate, since DB_SSLMODE is "
              + config.sslMode);
    }
    return config;
  }

  private static boolean isReadable(String file) {
    try {
      return Files.isReadable(Path.of(file));
    } catch (InvalidPathException e) {
      // such as a character that the file system's encoding lacks
      return false;
    }
  }

  /** Returns whether the server's certificate is verified. */
  public boolean verifies() {
    return sslMode.startsWith("verify-");
  }

  /**
   * Describes the database for the log.
   *
   * @return {@code user@host:port/name}
   */
  public String address() {
    return "%s@%s:%d/%s".formatted(user, host, port, name);
  }
}
