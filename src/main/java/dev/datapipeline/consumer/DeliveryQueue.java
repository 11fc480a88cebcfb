package dev.datapipeline.consumer;

import dev.datapipeline.config.ConsumerConfig;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The deliveries of one lane in their order. Each takes queue space until it is stored or dropped.
 * One thread takes deliveries; others may add and drop some meanwhile.
 */
final class DeliveryQueue {
  private final BlockingQueue<Delivery> queue = new LinkedBlockingQueue<>();
  private final QueueSpace space;
  private final ConsumerConfig config;

  /**
   * Creates an empty queue.
   *
   * @param space shared with other queues
   * @param config the bounds of a batch
   */
  DeliveryQueue(QueueSpace space, ConsumerConfig config) {
    this.space = space;
    this.config = config;
  }

  void add(Delivery delivery) {
    queue.add(delivery);
    // afterwards, because a delivery that could not be queued is never released
    space.take(delivery.bytes());
  }

  /** Takes the next delivery. Waits for it for so long, and returns null if there is none then. */
  Delivery take(long nanos) throws InterruptedException {
    return queue.poll(nanos, TimeUnit.NANOSECONDS);
  }

  /** Takes the deliveries that follow the first of a batch, up to the bounds of a batch. */
  void fill(List<Delivery> batch) {
    Delivery first = batch.get(0);
    long records = first.range().records().size();
    long bytes = first.bytes();
    // not while another thread drops: between the two calls it would take the delivery, too
    synchronized (queue) {
      for (Delivery next = queue.peek(); next != null; next = queue.peek()) {
        records += next.range().records().size();
        bytes += next.bytes();
        if (records > config.maxBatchRecords() || bytes > config.maxBatchBytes()) {
          return;
        }
        batch.add(next);
        queue.remove();
      }
    }
  }

  /**
   * Drops all deliveries if the queue space is full. They are read again when the gap is noticed.
   */
  void makeRoom() {
    if (!space.isFull()) {
      return;
    }
    synchronized (queue) {
      for (Delivery dropped = queue.poll(); dropped != null; dropped = queue.poll()) {
        done(dropped);
      }
    }
  }

  /** Releases deliveries that are stored. */
  void stored(List<Delivery> batch) {
    batch.forEach(this::done);
  }

  private void done(Delivery delivery) {
    delivery.onStored().run();
    space.release(delivery.bytes());
  }
}
