package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * Two producers that send to a topic until they are closed, whatever happens to the broker. One
 * sends single records, some of them poison; the other sends transactions and aborts some. A send
 * that failed may have reached the broker anyway, so only the topic shows which records exist.
 */
final class Traffic implements AutoCloseable {
  private static final List<byte[]> POISON =
      List.of(
          "{\"broken\":".getBytes(UTF_8),
          new byte[0],
          "{\"nul\":\"\0\"}".getBytes(UTF_8),
          new byte[] {'"', (byte) 0xff, '"'},
          ("[".repeat(100_000) + "]".repeat(100_000)).getBytes(UTF_8),
          ("[\"" + "x".repeat(200_000)).getBytes(UTF_8));

  private static final Duration PAUSE = Duration.ofMillis(8);
  private static final double POISON_SHARE = 0.005;
  private static final double ABORTED_SHARE = 0.3;
  private static final int MAX_TRANSACTION = 40;
  private static final Duration TRANSACTION_PAUSE = Duration.ofMillis(200);

  private static final int TOO_LARGE_BYTES = 3 << 19;
  private static final int HEADERS_BYTES = 100 << 10;

  /** Soon turns away from a broker that hangs, and leaves the machine time for the others. */
  private static final Map<String, Object> PLAIN =
      Map.of(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000, ProducerConfig.LINGER_MS_CONFIG, 30);

  private static final Map<String, Object> TRANSACTIONAL =
      Map.of(
          ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
          5_000,
          ProducerConfig.TRANSACTIONAL_ID_CONFIG,
          "chaos",
          ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
          10_000,
          ProducerConfig.MAX_BLOCK_MS_CONFIG,
          10_000L);

  /** No two records are the same, so that a record that takes the place of another one shows. */
  private static final AtomicLong RECORDS = new AtomicLong();

  private final Pipeline pipeline;
  private final Producer<byte[], byte[]> producer;
  private final Thread plain;
  private final Thread transactional;
  private volatile boolean ending;

  Traffic(Pipeline pipeline) {
    this.pipeline = pipeline;
    producer = pipeline.newProducer(PLAIN);
    plain = start("plain producer", this::sendPlain);
    transactional = start("transactional producer", this::sendTransactions);
  }

  private static Thread start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void sendPlain() {
    while (!ending) {
      if (ThreadLocalRandom.current().nextDouble() < POISON_SHARE) {
        sendPoison(1);
      }
      producer.send(record("plain"));
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    producer.close();
  }

  /** Sends records that must be dead-lettered, without waiting for the broker. */
  void sendPoison(int records) {
    for (int i = 0; i < records; i++) {
      byte[] value = POISON.get(ThreadLocalRandom.current().nextInt(POISON.size()));
      producer.send(record(TopicContent.POISON.getBytes(UTF_8), value));
    }
  }

  /** Sends records that are larger than the application accepts. */
  void sendTooLarge(int records) {
    for (int i = 0; i < records; i++) {
      producer.send(tooLarge(anyPartition()));
    }
  }

  private ProducerRecord<byte[], byte[]> tooLarge(int partition) {
    byte[] value = "\"%s\"".formatted("x".repeat(TOO_LARGE_BYTES)).getBytes(UTF_8);
    return new ProducerRecord<>(
        pipeline.name(), partition, TopicContent.TOO_LARGE.getBytes(UTF_8), value);
  }

  /** Sends records whose headers are much larger than they. */
  void sendLargeHeaders(int records) {
    for (int i = 0; i < records; i++) {
      ProducerRecord<byte[], byte[]> record = record("headers");
      record.headers().add("large", new byte[HEADERS_BYTES]);
      producer.send(record);
    }
  }

  /** Sends one record to each partition, and another one that is too large if wanted. */
  void sendToEach(boolean andTooLarge) {
    for (int partition = 0; partition < pipeline.partitions(); partition++) {
      producer.send(new ProducerRecord<>(pipeline.name(), partition, null, value("each")));
      if (andTooLarge) {
        producer.send(tooLarge(partition));
      }
    }
    producer.flush();
  }

  /** Leaves a transaction open, which the broker aborts a moment later. */
  void abandonTransaction(Duration timeout) {
    Map<String, Object> settings = new HashMap<>(TRANSACTIONAL);
    settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "abandoned");
    settings.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) timeout.toMillis());
    Producer<byte[], byte[]> abandoned = pipeline.newProducer(settings);
    abandoned.initTransactions();
    abandoned.beginTransaction();
    for (int i = 0; i < MAX_TRANSACTION; i++) {
      abandoned.send(record("abandoned"));
    }
    abandoned.flush();
    abandoned.close(Duration.ZERO);
  }

  private ProducerRecord<byte[], byte[]> record(String kind) {
    return record(null, value(kind));
  }

  private ProducerRecord<byte[], byte[]> record(byte[] key, byte[] value) {
    return new ProducerRecord<>(pipeline.name(), anyPartition(), key, value);
  }

  private int anyPartition() {
    return ThreadLocalRandom.current().nextInt(pipeline.partitions());
  }

  private static byte[] value(String kind) {
    return "{\"kind\":\"%s\",\"n\":%d,\"text\":\"%s\"}"
        .formatted(
            kind, RECORDS.incrementAndGet(), "x".repeat(ThreadLocalRandom.current().nextInt(200)))
        .getBytes(UTF_8);
  }

  private void sendTransactions() {
    while (!ending) {
      Producer<byte[], byte[]> sender = pipeline.newProducer(TRANSACTIONAL);
      try {
        // aborts the transaction that a former producer of this id left open
        sender.initTransactions();
        while (!ending) {
          sendTransaction(sender);
          LockSupport.parkNanos(TRANSACTION_PAUSE.toNanos());
        }
      } catch (KafkaException e) {
        // the broker was away for too long, or aborted the transaction
      } finally {
        sender.close(Duration.ZERO);
      }
    }
  }

  private void sendTransaction(Producer<byte[], byte[]> sender) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    sender.beginTransaction();
    for (int i = random.nextInt(MAX_TRANSACTION); i >= 0; i--) {
      sender.send(record("transactional"));
    }
    if (random.nextDouble() < ABORTED_SHARE) {
      sender.flush();
      sender.abortTransaction();
    } else {
      sender.commitTransaction();
    }
  }

  /** Ends the traffic and waits until the broker has every record. */
  @Override
  public void close() {
    ending = true;
    try {
      plain.join();
      transactional.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // the last transaction may have been left open
    try (Producer<byte[], byte[]> sender = pipeline.newProducer(TRANSACTIONAL)) {
      sender.initTransactions();
    }
  }
}
