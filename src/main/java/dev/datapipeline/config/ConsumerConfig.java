package dev.datapipeline.config;

import java.time.Duration;

/**
 * Settings of the consumer.
 *
 * @param enabled whether records are consumed at all
 * @param lanes number of concurrent writers; each partition belongs to one of them
 * @param maxBatchRecords maximum number of records in one transaction
 * @param maxBatchBytes a batch is complete when its records take this much memory
 * @param maxQueueBytes no more records are requested while the queue takes this much memory
 * @param maxRecordBytes a record that takes more memory is not stored but only put on record
 * @param stallTimeout readiness is DOWN if records are waiting and none was stored for this long
 */
public record ConsumerConfig(
    boolean enabled,
    int lanes,
    int maxBatchRecords,
    long maxBatchBytes,
    long maxQueueBytes,
    long maxRecordBytes,
    Duration stallTimeout) {

  static ConsumerConfig from(Settings settings) {
    ConsumerConfig config =
        new ConsumerConfig(
            settings.flag("CONSUMER_ENABLED"),
            settings.integer("CONSUMER_LANES", 1, 64),
            settings.integer("CONSUMER_MAX_BATCH_RECORDS", 1, 1_000_000),
            settings.bytes("CONSUMER_MAX_BATCH_BYTES", 1024, 1L << 30),
            settings.bytes("CONSUMER_MAX_QUEUE_BYTES", 1024, 1L << 32),
            settings.bytes("CONSUMER_MAX_RECORD_BYTES", 1024, 1L << 29),
            settings.duration("CONSUMER_STALL_TIMEOUT", Duration.ofSeconds(1), Duration.ofDays(1)));
    if (config.maxBatchBytes > config.maxQueueBytes) {
      throw new InvalidSettingException(
          "CONSUMER_MAX_BATCH_BYTES",
          Long.toString(config.maxBatchBytes),
          "at most CONSUMER_MAX_QUEUE_BYTES, which is " + config.maxQueueBytes);
    }
    return config;
  }
}
