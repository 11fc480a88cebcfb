package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.record.RecordSize;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundedDeserializerTest {
  private static final int MAX_RECORD = 16 << 20;

  /** Half of a poll. */
  private static final int HALF =
      (int) BoundedDeserializer.MAX_POLL_BYTES / 2 - RecordSize.RECORD_BYTES;

  private final BoundedDeserializer keys = deserializer(true);
  private final BoundedDeserializer values = deserializer(false);

  private static BoundedDeserializer deserializer(boolean isKey) {
    BoundedDeserializer deserializer = new BoundedDeserializer();
    deserializer.configure(
        Map.of(BoundedDeserializer.MAX_RECORD_BYTES, Integer.toString(MAX_RECORD)), isKey);
    return deserializer;
  }

  @AfterEach
  void pollEnds() {
    BoundedDeserializer.pollEnded();
  }

  /** Deserializes a record as Kafka's consumer does: a missing key or value is not asked for. */
  private byte[] record(int key, int value, int headers) {
    RecordHeaders all = new RecordHeaders();
    if (headers > 0) {
      all.add("h", new byte[headers - RecordSize.HEADER_BYTES - 2]);
    }
    if (key > 0) {
      keys.deserialize("t", all, ByteBuffer.allocate(key));
    }
    return value < 0 ? null : values.deserialize("t", all, ByteBuffer.allocate(value));
  }

  private void assertCut(int key, int value, int headers) {
    // the consumer tries once more within the poll
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> record(key, value, headers))
          .isInstanceOf(SerializationException.class);
    }
    BoundedDeserializer.pollEnded();
    assertThat(record(key, value, headers)).hasSize(value);
  }

  @Test
  void aPollEndsAtItsLimit() {
    record(0, HALF, 0);
    record(0, HALF, 0);

    assertCut(0, 1, 0);
  }

  @Test
  void aPollIsFilledUpToItsLimit() {
    record(0, HALF, 0);

    assertCut(0, HALF + 1, 0);
  }

  @Test
  void keysCount() {
    record(HALF, 0, 0);

    assertCut(HALF, 1, 0);
  }

  @Test
  void headersCount() {
    record(0, 0, HALF);

    assertCut(0, 1, HALF);
  }

  @Test
  void keysOfTombstonesCount() {
    record(HALF, -1, 0);

    assertCut(HALF, 1, 0);
  }

  @Test
  void recordsWithoutAnythingCount() {
    int records = (int) BoundedDeserializer.MAX_POLL_BYTES / RecordSize.RECORD_BYTES;
    for (int i = 0; i < records; i++) {
      record(0, 0, 0);
    }

    assertCut(0, 0, 0);
  }

  @Test
  void theFirstRecordOfAPollPassesUpToTheLargestSizeOfARecord() {
    int largest = MAX_RECORD - RecordSize.RECORD_BYTES;

    assertThat(record(0, largest, 0)).hasSize(largest);
    assertCut(0, 0, 0);
  }

  /** It takes no room in the poll, because nothing of it is copied. */
  @Test
  void aValueThatMakesTheRecordTooLargeIsLeftOut() {
    int largest = MAX_RECORD - RecordSize.RECORD_BYTES;

    assertThat(record(0, largest + 1, 0)).isNull();
    assertThat(record(1, largest, 0)).isNull();
    assertThat(record(0, largest - 200, 201)).isNull();
    assertThat(record(largest + 1, 1, 0)).hasSize(1);
    assertThat(record(0, HALF, 0)).hasSize(HALF);
    assertThat(record(0, 1, 0)).hasSize(1);
  }

  @Test
  void theClientsBufferIsCopiedAndNotConsumed() {
    ByteBuffer buffer = ByteBuffer.wrap("xvalue".getBytes()).position(1);

    assertThat(values.deserialize("t", new RecordHeaders(), buffer)).isEqualTo("value".getBytes());
    assertThat(buffer.remaining()).isEqualTo(5);
  }

  @Test
  void aPollThatNeverEndedDoesNotBlockTheNextOne() {
    record(0, HALF, 0);
    record(0, HALF, 0);
    assertThatThrownBy(() -> record(0, 1, 0)).isNotNull();
    assertThatThrownBy(() -> record(0, 1, 0)).isNotNull();

    assertThat(record(0, HALF, 0)).hasSize(HALF);
  }
}
