package dev.datapipeline.config;

import java.time.Duration;

/**
 * How records are taken from the topic and written.
 *
 * @param enabled whether records are consumed at all
 * @param lanes writers that work at once; each partition belongs to one of them
 * @param maxBatchRecords upper bound of the records of one transaction
 * @param maxBatchBytes a batch is closed when its keys and values reach this many bytes
 * @param maxQueueBytes no more records are asked for while this many bytes wait to be stored
 * @param stallTimeout readiness is DOWN when records wait and none was stored for this long
 */
public record ConsumerConfig(
    boolean enabled,
    int lanes,
    int maxBatchRecords,
    long maxBatchBytes,
    long maxQueueBytes,
    Duration stallTimeout) {

  static ConsumerConfig from(Settings settings) {
    ConsumerConfig config =
        new ConsumerConfig(
            settings.flag("CONSUMER_ENABLED"),
            settings.integer("CONSUMER_LANES", 1, 64),
            settings.integer("CONSUMER_MAX_BATCH_RECORDS", 1, 1_000_000),
            settings.bytes("CONSUMER_MAX_BATCH_BYTES", 1024, 1L << 30),
            settings.bytes("CONSUMER_MAX_QUEUE_BYTES", 1024, 1L << 32),
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
