package dev.datapipeline.consumer;

/** Limits the memory of records between the channels and the database. Thread-safe. */
final class QueueSpace {
  private final long maxBytes;
  private long bytes;

  QueueSpace(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  synchronized void take(long size) {
    bytes += size;
  }

  synchronized void release(long size) {
    bytes -= size;
    notifyAll();
  }

  /** Blocks until the queue has free space. */
  synchronized void await() throws InterruptedException {
    while (isFull()) {
      wait();
    }
  }

  synchronized boolean isFull() {
    return bytes >= maxBytes;
  }

  synchronized long bytes() {
    return bytes;
  }
}
