package dev.datapipeline.it;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Sends records to a topic at a steady rate until it is closed. Failed records are not repeated.
 */
final class Flow implements AutoCloseable {
  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final long pauseNanos;
  private final AtomicLong sent = new AtomicLong();
  private final Thread thread;
  private volatile boolean ending;

  Flow(Producer<byte[], byte[]> producer, String topic, int perSecond) {
    this.producer = producer;
    this.topic = topic;
    this.pauseNanos = Duration.ofSeconds(1).toNanos() / perSecond;
    thread = new Thread(this::run, "flow to " + topic);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    while (!ending) {
      String value = "{\"n\":%d,\"text\":\"%s\"}".formatted(sent.incrementAndGet(), "x".repeat(64));
      producer.send(new ProducerRecord<>(topic, null, value.getBytes(StandardCharsets.UTF_8)));
      LockSupport.parkNanos(pauseNanos);
    }
  }

  /** Ends the flow and waits until the broker has every record. */
  @Override
  public void close() {
    ending = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    producer.flush();
  }
}
