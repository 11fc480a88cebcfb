package dev.datapipeline.api;

import dev.datapipeline.storage.TopicPartitionPosition;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.RawEvent;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;

/** Rows without a database. */
final class Rows {
  static final OffsetDateTime TIME = OffsetDateTime.parse("2026-01-15T10:17:17.817123Z");

  private Rows() {}

  /** Returns partition 3 of a topic. */
  static TopicPartitionPosition position(String topic) {
    return new TopicPartitionPosition() {
      @Override
      public String getTopic() {
        return topic;
      }

      @Override
      public int getPartition() {
        return 3;
      }
    };
  }

  /** Returns event 7, at offset 42 of partition id 1. */
  static RawEvent event(OffsetDateTime timestamp, String payload) {
    return event(7, timestamp, payload);
  }

  /** Returns an event at offset 42 of partition id 1. */
  static RawEvent event(long id, OffsetDateTime timestamp, String payload) {
    return new RawEvent() {
      @Override
      public Long getId() {
        return id;
      }

      @Override
      public OffsetDateTime getTimestamp() {
        return timestamp;
      }

      @Override
      public String getPayload() {
        return payload;
      }

      @Override
      public int getTopicPartitionId() {
        return 1;
      }

      @Override
      public long getKafkaOffset() {
        return 42;
      }
    };
  }

  /** Returns dead letter 9, at offset 43 of partition id 1. */
  static DeadLetter deadLetter(byte[] payload) {
    return new DeadLetter() {
      @Override
      public Long getId() {
        return 9L;
      }

      @Override
      public OffsetDateTime getReceivedAt() {
        return TIME;
      }

      @Override
      public OffsetDateTime getTimestamp() {
        return TIME;
      }

      @Override
      public int getTopicPartitionId() {
        return 1;
      }

      @Override
      public long getKafkaOffset() {
        return 43;
      }

      @Override
      public byte[] getKey() {
        return "k".getBytes(StandardCharsets.UTF_8);
      }

      @Override
      public byte[] getPayload() {
        return payload;
      }

      @Override
      public String getReason() {
        return "not JSON";
      }
    };
  }
}
