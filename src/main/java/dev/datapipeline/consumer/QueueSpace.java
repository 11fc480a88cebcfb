package dev.datapipeline.consumer;

/** Bounds the bytes that wait between the channel and the lanes. Thread-safe. */
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

  /** Waits until fewer than the allowed bytes wait. */
  synchronized void await() throws InterruptedException {
    while (bytes >= maxBytes) {
      wait();
    }
  }

  synchronized long bytes() {
    return bytes;
  }
}
