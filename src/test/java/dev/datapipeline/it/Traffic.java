package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
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

  private static final Duration PAUSE = Duration.ofMillis(3);
  private static final double POISON_SHARE = 0.005;
  private static final double ABORTED_SHARE = 0.3;
  private static final int MAX_TRANSACTION = 40;
  private static final Duration TRANSACTION_PAUSE = Duration.ofMillis(100);

  private static final Map<String, Object> TRANSACTIONAL =
      Map.of(
          ProducerConfig.TRANSACTIONAL_ID_CONFIG,
          "chaos",
          ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
          10_000,
          ProducerConfig.MAX_BLOCK_MS_CONFIG,
          10_000L);

  private final Pipeline pipeline;
  private final int partitions;
  private final Thread plain;
  private final Thread transactional;
  private volatile boolean ending;

  Traffic(Pipeline pipeline, int partitions) {
    this.pipeline = pipeline;
    this.partitions = partitions;
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
    for (long n = 0; !ending; n++) {
      if (ThreadLocalRandom.current().nextDouble() < POISON_SHARE) {
        sendPoison(1);
      }
      pipeline.producer().send(record("plain", n));
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    pipeline.producer().flush();
  }

  /** Sends records that must be dead-lettered, without waiting for the broker. */
  void sendPoison(int records) {
    for (int i = 0; i < records; i++) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      pipeline
          .producer()
          .send(
              new ProducerRecord<>(
                  pipeline.name(),
                  random.nextInt(partitions),
                  TopicContent.POISON.getBytes(UTF_8),
                  POISON.get(random.nextInt(POISON.size()))));
    }
  }

  private ProducerRecord<byte[], byte[]> record(String kind, long n) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String value =
        "{\"kind\":\"%s\",\"n\":%d,\"text\":\"%s\"}"
            .formatted(kind, n, "x".repeat(random.nextInt(200)));
    return new ProducerRecord<>(
        pipeline.name(), random.nextInt(partitions), null, value.getBytes(UTF_8));
  }

  private void sendTransactions() {
    long n = 0;
    while (!ending) {
      Producer<byte[], byte[]> producer = pipeline.newProducer(TRANSACTIONAL);
      try {
        // aborts the transaction that a former producer of this id left open
        producer.initTransactions();
        while (!ending) {
          n = sendTransaction(producer, n);
          LockSupport.parkNanos(TRANSACTION_PAUSE.toNanos());
        }
      } catch (KafkaException e) {
        // the broker was away for too long, or aborted the transaction
      } finally {
        producer.close(Duration.ZERO);
      }
    }
  }

  private long sendTransaction(Producer<byte[], byte[]> producer, long first) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long n = first;
    producer.beginTransaction();
    for (int i = random.nextInt(MAX_TRANSACTION); i >= 0; i--) {
      producer.send(record("transactional", n++));
    }
    if (random.nextDouble() < ABORTED_SHARE) {
      producer.flush();
      producer.abortTransaction();
    } else {
      producer.commitTransaction();
    }
    return n;
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
    try (Producer<byte[], byte[]> producer = pipeline.newProducer(TRANSACTIONAL)) {
      producer.initTransactions();
    }
  }
}
