package dev.datapipeline.storage;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * A record that PostgreSQL refuses, before it is written to {@code dead_letters}.
 *
 * @param topicPartitionId the row of {@code topic_partitions} that it came from
 * @param record with its original bytes
 * @param timestampMillis when the event happened, in epoch milliseconds
 * @param reason why it can't be stored, in one line
 * @param sqlState PostgreSQL's code for the reason
 */
record NewDeadLetter(
    int topicPartitionId,
    ConsumerRecord<byte[], byte[]> record,
    long timestampMillis,
    String reason,
    String sqlState) {

  /** Returns the record's headers as a JSON array, in their order; null if there are none. */
  String headersAsJson() {
    JsonArrayBuilder headers = null;
    for (Header header : record.headers()) {
      headers = headers == null ? Json.createArrayBuilder() : headers;
      headers.add(asJson(header));
    }
    return headers == null ? null : headers.build().toString();
  }

  private static JsonObjectBuilder asJson(Header header) {
    JsonObjectBuilder json = Json.createObjectBuilder().add("key", header.key());
    byte[] value = header.value();
    if (value == null) {
      return json.addNull("value");
    }
    try {
      return json.add(
          "value", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString());
    } catch (CharacterCodingException e) {
      return json.add("base64", Base64.getEncoder().encodeToString(value));
    }
  }
}
