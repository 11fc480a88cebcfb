package dev.datapipeline.broker;

import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Passes bytes through and cuts a poll short once it exceeds the byte limit. {@code
 * max.poll.records} alone doesn't bound memory, and neither do the fetch sizes: a compressed fetch
 * of a few hundred KiB can hold a thousand records of 1 MiB each.
 *
 * <p>When a deserializer throws, Kafka's consumer returns the records before that one, keeps it,
 * and deserializes it again in the next poll. So an exception only cuts the poll short. The first
 * record of a poll always passes.
 */
public class BoundedDeserializer implements Deserializer<byte[]> {
  private static final long MAX_POLL_BYTES = 4L << 20;

  /** The current poll of this thread. A poll begins and ends in one thread. */
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
        // an earlier poll of this thread failed before its end: this record starts a new one
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

  /** Must be called when a poll of this thread has returned. */
  public static void pollEnded() {
    POLL.get().end();
  }

  /** Has no stack trace, because it is not a failure. */
  private static final class PollIsFull extends SerializationException {
    private static final long serialVersionUID = 1L;

    PollIsFull() {
      super("the poll has reached its byte limit");
    }

    @Override
    public Throwable fillInStackTrace() {
      return this;
    }
  }
}
