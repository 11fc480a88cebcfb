package dev.datapipeline.broker;

import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Passes bytes through, and ends a poll that has brought enough of them. {@code max.poll.records}
 * alone does not bound memory, and neither do the fetch sizes: a compressed fetch of some hundred
 * KiB can hold a thousand records of 1 MiB each.
 *
 * <p>Kafka's consumer returns the records before the one whose deserializer throws, keeps that one,
 * and deserializes it again at the next poll. So an exception for any but the first record of a
 * poll only cuts the poll short; the first record always passes.
 */
public class BoundedDeserializer implements Deserializer<byte[]> {
  private static final long MAX_POLL_BYTES = 4L << 20;

  /** The poll that this thread is in; a poll begins and ends in one thread. */
  private static final ThreadLocal<Poll> POLL = ThreadLocal.withInitial(Poll::new);

  private static final class Poll {
    /** The consumer tries once more within the poll, and then returns what it has. */
    private static final int MAX_CUTS = 2;

    private long bytes;
    private int cuts;

    void take(int size) {
      if (bytes > 0 && bytes + size > MAX_POLL_BYTES) {
        if (cuts < MAX_CUTS) {
          cuts++;
          throw new PollIsFull();
        }
        // an earlier poll of this thread failed without an end: this record is the first of its own
        end();
      }
      bytes += size;
    }

    void end() {
      bytes = 0;
      cuts = 0;
    }
  }

  @Override
  public byte[] deserialize(String topic, byte[] data) {
    if (data != null) {
      POLL.get().take(data.length);
    }
    return data;
  }

  /** Tells that the poll of this thread has returned. */
  public static void pollEnded() {
    POLL.get().end();
  }

  /** No failure, so there is no stack trace to fill in. */
  private static final class PollIsFull extends SerializationException {
    private static final long serialVersionUID = 1L;

    PollIsFull() {
      super("the poll has brought enough bytes");
    }

    @Override
    public Throwable fillInStackTrace() {
      return this;
    }
  }
}
