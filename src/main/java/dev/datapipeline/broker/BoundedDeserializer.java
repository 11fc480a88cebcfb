package dev.datapipeline.broker;

import dev.datapipeline.record.RecordSize;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Copies keys and values out of the buffers of Kafka's client, and limits how much memory they
 * take. Must be the deserializer of both, because only deserializers see a record before the poll
 * returns.
 *
 * <p><b>A poll</b> is cut short once it exceeds its limit. {@code max.poll.records} alone doesn't
 * bound memory, and neither do the fetch sizes: a compressed fetch of a few hundred KiB can hold a
 * thousand records of 1 MiB each. When a deserializer throws, Kafka's consumer returns the records
 * before that one, keeps it, and deserializes it again in the next poll. So an exception only cuts
 * the poll short. The first record of a poll always passes.
 *
 * <p><b>A record</b> beyond {@link #MAX_RECORD_BYTES} comes without its value, so that it is not
 * copied: the value is null, but the record still has the value's size.
 */
public class BoundedDeserializer implements Deserializer<byte[]> {
  /** The consumer property with the largest size of a record, by {@link RecordSize}. */
  public static final String MAX_RECORD_BYTES = "datapipeline.max.record.bytes";

  /** The most that one poll returns, by {@link RecordSize}, or one record if it is larger. */
  static final long MAX_POLL_BYTES = 4L << 20;

  /** The current poll of this thread. A poll begins and ends in one thread. */
  private static final ThreadLocal<Poll> POLL = ThreadLocal.withInitial(Poll::new);

  private long maxRecordBytes = Long.MAX_VALUE;

  private static final class Poll {
    /** The consumer tries once more within the poll, and then returns what it has. */
    private static final int MAX_CUTS = 2;

    /** The records before the current one. */
    private long bytes;

    private int cuts;

    /** Identifies the current record: each one has headers of its own, even if there are none. */
    private Headers record;

    private long recordBytes;

    /** Returns whether a key or a value may be taken. */
    boolean take(Headers headers, int size, long maxRecordBytes) {
      if (headers != record) {
        bytes += recordBytes;
        record = headers;
        recordBytes = RecordSize.RECORD_BYTES + RecordSize.of(headers, maxRecordBytes);
      }
      if (recordBytes + size > maxRecordBytes) {
        return false;
      }
      if (bytes > 0 && bytes + recordBytes + size > MAX_POLL_BYTES) {
        record = null;
        recordBytes = 0;
        if (cuts < MAX_CUTS) {
          cuts++;
          throw new PollIsFull();
        }
        // an earlier poll of this thread failed before its end: this record starts a new one
        end();
        return take(headers, size, maxRecordBytes);
      }
      recordBytes += size;
      return true;
    }

    void end() {
      bytes = 0;
      cuts = 0;
      record = null;
      recordBytes = 0;
    }
  }

  @Override
  public void configure(Map<String, ?> properties, boolean isKey) {
    maxRecordBytes = maxRecordBytes(properties);
  }

  /**
   * Reads {@link #MAX_RECORD_BYTES}.
   *
   * @param properties the consumer's properties
   * @return in bytes
   */
  public static long maxRecordBytes(Map<String, ?> properties) {
    return Long.parseLong(String.valueOf(properties.get(MAX_RECORD_BYTES)));
  }

  @Override
  public byte[] deserialize(String topic, byte[] data) {
    return data;
  }

  @Override
  public byte[] deserialize(String topic, Headers headers, ByteBuffer data) {
    if (!POLL.get().take(headers, data.remaining(), maxRecordBytes)) {
      return null;
    }
    byte[] bytes = new byte[data.remaining()];
    // leaves the buffer's position alone: the client asks for the size afterwards
    data.get(data.position(), bytes);
    return bytes;
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
