package dev.datapipeline.config;

import dev.datapipeline.failure.FailureText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;

/**
 * Tells at the start whether Kafka's clients accept their properties: stores that can be opened, a
 * login that can be parsed. The connector would try again for an hour, silently, and hold up the
 * start of the application meanwhile.
 */
final class KafkaClientCheck {
  /** Never connected to; the brokers' real names may be unknown for a while. */
  private static final String ANYWHERE = "localhost:1";

  private KafkaClientCheck() {}

  /**
   * Makes a client and throws it away.
   *
   * @throws InvalidSettingException with the client's reason
   */
  static void check(KafkaConfig config) {
    Map<String, Object> properties = new HashMap<>(config.clientProperties());
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, ANYWHERE);
    try {
      Admin.create(properties).close(Duration.ZERO);
    } catch (KafkaException e) {
      throw new InvalidSettingException(
          "Settings KAFKA_CLIENT_* are refused by Kafka's client: "
              + FailureText.oneLine(reasons(e)));
    }
  }

  /** The outermost message only says that there is no client, and the innermost not of what. */
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
