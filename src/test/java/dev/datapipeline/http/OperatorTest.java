package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.OperatorConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OperatorTest {
  private static final Logger LOG = Logger.getLogger(Operator.class.getName());

  private final List<String> lines = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          lines.add(record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOG.addHandler(handler);
    LOG.setLevel(Level.INFO);
  }

  @AfterEach
  void stopListening() {
    LOG.removeHandler(handler);
    LOG.setLevel(null);
  }

  @Test
  void aGeneratedPasswordIsAnnouncedAndAccepted() {
    Operator operator = new Operator(new OperatorConfig("jane", Optional.empty()));

    operator.announce();

    assertThat(lines).singleElement().asString().contains("OPERATOR_PASSWORD", "user jane is ");
    String password = lines.get(0).replaceFirst(".* ", "");
    assertThat(password).hasSizeGreaterThanOrEqualTo(20);
    assertThat(operator.accepts("jane", password)).isTrue();
  }

  @Test
  void eachStartGeneratesAnotherPassword() {
    new Operator(new OperatorConfig("jane", Optional.empty())).announce();
    new Operator(new OperatorConfig("jane", Optional.empty())).announce();

    assertThat(lines).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void aConfiguredPasswordIsNotPrinted() {
    new Operator(new OperatorConfig("jane", Optional.of("secret-secret"))).announce();

    assertThat(lines).isEmpty();
  }

  @Test
  void emptyCredentialsAreNeverAccepted() {
    Operator operator = new Operator(new OperatorConfig("jane", Optional.empty()));

    assertThat(operator.accepts("jane", "")).isFalse();
    assertThat(operator.accepts("", "any")).isFalse();
  }
}
