package dev.datapipeline.config;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The accounts of the user registry in {@code server.xml}: one for each role of the HTTP API.
 *
 * @param operator may do everything
 * @param producer may post events
 * @param reader may read
 */
public record AccountsConfig(Account operator, Account producer, Account reader) {
  private static final int MIN_PASSWORD = 8;
  private static final int MAX_PASSWORD = 1024;

  private static final Pattern USER = Pattern.compile("[a-zA-Z0-9._@-]{1,64}");

  /**
   * A user name and a password.
   *
   * @param user the name
   * @param password the password; if it is empty, nobody can log in with this account, except for
   *     the operator, for whom the application generates a password
   */
  public record Account(String user, Optional<String> password) {
    /** Leaves out the password. */
    @Override
    public String toString() {
      return user;
    }
  }

  static AccountsConfig from(Settings settings) {
    Account operator = account(settings, "OPERATOR");
    Account producer = account(settings, "API_PRODUCER");
    Account reader = account(settings, "API_READER");
    differs("API_PRODUCER_USER", producer, operator);
    differs("API_READER_USER", reader, operator, producer);
    return new AccountsConfig(operator, producer, reader);
  }

  private static void differs(String setting, Account account, Account... others) {
    for (Account other : others) {
      if (account.user.equals(other.user)) {
        throw new InvalidSettingException(setting, account.user, "a name that no other role has");
      }
    }
  }

  private static Account account(Settings settings, String prefix) {
    return new Account(
        settings.text(prefix + "_USER", USER, "1 to 64 of the characters a-z A-Z 0-9 . _ @ -"),
        settings.secret(prefix + "_PASSWORD", MIN_PASSWORD, MAX_PASSWORD));
  }
}
