package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ibm.websphere.security.UserRegistry;
import dev.datapipeline.config.AccountsConfig;
import dev.datapipeline.config.AccountsConfig.Account;
import dev.datapipeline.failure.LogLines;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.rmi.RemoteException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsersTest {
  @RegisterExtension private final LogLines logged = new LogLines(Users.class);
  private final List<String> lines = logged.lines();

  private static Users users(String password, boolean telemetryDisabled, String realm) {
    return new Users(
        new AccountsConfig(
            new Account("jane", Optional.ofNullable(password)),
            new Account("producer", Optional.empty()),
            new Account("reader", Optional.empty())),
        telemetryDisabled,
        () -> registry(realm));
  }

  /** Returns a registry that knows nobody; without a realm, it doesn't answer. */
  private static UserRegistry registry(String realm) {
    return (UserRegistry)
        Proxy.newProxyInstance(
            UsersTest.class.getClassLoader(),
            new Class<?>[] {UserRegistry.class},
            (proxy, method, arguments) -> {
              if (realm == null) {
                throw new RemoteException("connection refused");
              }
              return method.getName().equals("getRealm") ? realm : null;
            });
  }

  private static Users users() {
    return users(null, true, Users.OWN_REALM);
  }

  private static void assertOperator(Users users, String password) {
    assertThat(users.find("jane", password)).hasValue(new Caller("jane", Set.of(Role.OPERATOR)));
  }

  @Test
  void aGeneratedPasswordIsAnnouncedAndAccepted(@TempDir Path directory) {
    Users users = users();

    users.announce(directory);

    assertThat(lines).singleElement().asString().contains("OPERATOR_PASSWORD", "user jane is ");
    String password = lines.get(0).replaceFirst(".* ", "");
    assertThat(password).hasSizeGreaterThanOrEqualTo(20);
    assertOperator(users, password);
    assertThat(directory).isEmptyDirectory();
  }

  /** Whoever runs the collector must not learn the password. */
  @Test
  void aGeneratedPasswordIsNotInALogThatLeavesTheMachine(@TempDir Path directory)
      throws IOException {
    Users users = users(null, false, Users.OWN_REALM);
    Files.writeString(directory.resolve("operator.password"), "of the last start");

    users.announce(directory);

    Path file = directory.resolve("operator.password");
    String password = Files.readString(file);
    assertOperator(users, password);
    assertThat(lines).singleElement().asString().contains(file.toString()).doesNotContain(password);
    assertThat(Files.getPosixFilePermissions(file))
        .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  }

  @Test
  void eachStartGeneratesAnotherPassword(@TempDir Path directory) {
    users().announce(directory);
    users().announce(directory);

    assertThat(lines).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void aConfiguredPasswordIsNotPrinted(@TempDir Path directory) {
    users("secret-secret", true, Users.OWN_REALM).announce(directory);

    assertThat(lines).isEmpty();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"datapipeline", "LdapRegistry"})
  void noPasswordIsGeneratedForAnotherRegistry(String realm, @TempDir Path directory) {
    users(null, true, realm).announce(directory);

    assertThat(lines).noneMatch(line -> line.contains("OPERATOR_PASSWORD"));
  }

  @Test
  void aRegistryThatDoesNotAnswerIsNotAWrongPassword() {
    assertThat(users().find("jane", "any")).isEmpty();
    assertThatThrownBy(() -> users(null, true, null).find("jane", "any"))
        .isInstanceOf(RegistryUnavailableException.class);
  }

  @Test
  void emptyCredentialsAreNeverAccepted() {
    assertThat(users().find("jane", "")).isEmpty();
    assertThat(users().find("", "any")).isEmpty();
  }
}
