package dev.datapipeline.config;

import dev.datapipeline.failure.FailureText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;

/**
 * Checks at startup that Kafka's clients accept their properties: for example, that key stores can
 * be opened and a login can be parsed. Without this check the connector would silently retry for an
 * hour and block the startup of the application.
 */
final class KafkaClientCheck {
  /**
   * An address that nothing connects to. The names of the real brokers may not resolve yet, and the
   * client would refuse them.
   */
  private static final String PLACEHOLDER_ADDRESS = "localhost:1";

  private KafkaClientCheck() {}

  /**
   * Creates a client and closes it again.
   *
   * @throws InvalidSettingException if the client refuses a property; the message has its reason
   */
  static void check(KafkaConfig config) {
    Map<String, Object> properties = config.commonProperties();
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, PLACEHOLDER_ADDRESS);
    try {
      Admin.create(properties).close(Duration.ZERO);
    } catch (KafkaException e) {
      throw new InvalidSettingException(
          "Settings KAFKA_CLIENT_* are refused by Kafka's client: "
              + FailureText.oneLine(reasons(e)));
    }
  }

  /**
   * Joins the messages of all causes. The outermost one only says that no client was created, and
   * the innermost one doesn't say what it is about.
   */
  private static String reasons(Throwable failure) {
    List<String> reasons = new ArrayList<>();
    Throwable first = failure.getCause() == null ? failure : failure.getCause();
    for (Throwable cause = first; cause != null; cause = cause.getCause()) {
      String reason = cause.getMessage();
      if (reason != null && reasons.stream().noneMatch(known -> known.contains(reason))) {
        reasons.add(reason);
      }
    }
    return String.join(": ", reasons);
  }
}
