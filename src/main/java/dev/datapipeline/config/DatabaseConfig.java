package dev.datapipeline.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Which database. The datasource itself is configured in {@code server.xml} from the same
 * variables; the password is known to nobody else.
 *
 * @param host name or address
 * @param port TCP port
 * @param name database
 * @param user role
 * @param sslMode the driver's {@code sslmode}
 * @param sslRootCert file with the certificates of the authorities that are trusted (PEM); must be
 *     readable if {@code sslMode} verifies the server's certificate
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
            settings.text("DB_NAME", NAME, "the name of a database"),
            settings.text("DB_USER", NAME, "the name of a role"),
            settings.text(
                "DB_SSLMODE",
                SSL_MODE,
                "one of disable, allow, prefer, require, verify-ca, verify-full"),
            settings.text("DB_SSLROOTCERT", FILE, "the name of a file"));
    // without it no connection could ever be made, and the file is not waited for
    if (config.verifies() && !Files.isReadable(Path.of(config.sslRootCert))) {
      throw new InvalidSettingException(
          "DB_SSLROOTCERT",
          config.sslRootCert,
          "a readable file with the authority's certificate, since DB_SSLMODE is "
              + config.sslMode);
    }
    return config;
  }

  private boolean verifies() {
    return sslMode.startsWith("verify-");
  }

  /**
   * Returns where the database is, for people.
   *
   * @return {@code user@host:port/name}
   */
  public String address() {
    return "%s@%s:%d/%s".formatted(user, host, port, name);
  }
}
