package dev.datapipeline.storage;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows with {@code COPY … FROM STDIN (FORMAT binary)}, the fastest way into PostgreSQL.
 * Values are passed through as bytes. Not thread-safe, except for {@link #abortIfStuck}; reusable
 * after {@link #finish()} or {@link #abandon()}.
 */
final class BinaryCopy {
  private static final byte[] HEADER = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
  };
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;

  /** The last moment that timestamptz can hold. Later ones are stored as infinity. */
  private static final long MAX_TIMESTAMP_MICROS = 9_223_371_331_200_000_000L - 1;

  /** The first moment that timestamptz can hold: 4714-11-24 BC. */
  private static final long MIN_TIMESTAMP_MICROS = -211_813_488_000_000_000L;

  private final byte[] buffer = new byte[64 * 1024];
  private int used;
  private CopyIn copy;

  /** The connection of the COPY that is going on, and when it last advanced. */
  private volatile Connection connection;

  private volatile long advancedAtNanos;

  /**
   * Begins a COPY.
   *
   * @param connection a connection within the transaction
   * @param columns {@code table (column, …)}
   */
  void begin(Connection connection, String columns) throws SQLException {
    advancedAtNanos = System.nanoTime();
    this.connection = connection;
    copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("COPY " + columns + " FROM STDIN (FORMAT binary)");
    used = 0;
    raw(HEADER, HEADER.length);
  }

  void row(int columns) throws SQLException {
    reserve(2);
    int16(columns);
  }

  void integer(int value) throws SQLException {
    reserve(8);
    int32(4);
    int32(value);
  }

  void bigint(long value) throws SQLException {
    reserve(12);
    int32(8);
    int64(value);
  }

  /**
   * Writes a timestamptz. A moment out of its range becomes infinity or -infinity: the event is
   * kept, and its payload still has the time as it was sent.
   */
  void timestamp(long epochMillis) throws SQLException {
    bigint(postgresMicros(epochMillis));
  }

  /** Returns whether a moment is out of the range of timestamptz. */
  static boolean isInfinite(long epochMillis) {
    long micros = postgresMicros(epochMillis);
    return micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
  }

  static long postgresMicros(long epochMillis) {
    if (epochMillis > MAX_TIMESTAMP_MICROS / 1000 + POSTGRES_EPOCH_MILLIS) {
      return Long.MAX_VALUE;
    }
    if (epochMillis < MIN_TIMESTAMP_MICROS / 1000 + POSTGRES_EPOCH_MILLIS) {
      return Long.MIN_VALUE;
    }
    return (epochMillis - POSTGRES_EPOCH_MILLIS) * 1000;
  }

  /** Writes text, json or bytea. */
  void bytes(byte[] value) throws SQLException {
    reserve(4);
    if (value == null) {
      int32(-1);
    } else {
      int32(value.length);
      raw(value, value.length);
    }
  }

  void text(String value) throws SQLException {
    bytes(value == null ? null : value.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Ends the COPY. If PostgreSQL has rejected a row, this method throws at the latest.
   *
   * @return the number of rows that PostgreSQL stored
   */
  long finish() throws SQLException {
    reserve(2);
    int16(-1);
    flush();
    long rows = copy.endCopy();
    copy = null;
    connection = null;
    return rows;
  }

  /** Cancels a COPY that failed, so that the connection can roll back. */
  void abandon() {
    if (copy != null && copy.isActive()) {
      try {
        copy.cancelCopy();
      } catch (SQLException e) {
        // the original failure is more informative
      }
    }
    copy = null;
    connection = null;
  }

  /**
   * Closes the connection of a COPY that doesn't advance, in another thread than the COPY's. Its
   * timeouts bound only how long it waits for an answer. A peer that accepts no bytes would block
   * it forever.
   *
   * @param limit longer than the connection waits for an answer
   * @param executor closes the connection; that may block
   * @return whether the COPY was stuck
   */
  boolean abortIfStuck(Duration limit, Executor executor) throws SQLException {
    Connection stuck = connection;
    if (stuck == null || System.nanoTime() - advancedAtNanos < limit.toNanos()) {
      return false;
    }
    connection = null;
    stuck.abort(executor);
    return true;
  }

  private void raw(byte[] value, int length) throws SQLException {
    if (length > buffer.length - used) {
      flush();
      if (length > buffer.length) {
        send(value, length);
        return;
      }
    }
    System.arraycopy(value, 0, buffer, used, length);
    used += length;
  }

  private void reserve(int bytes) throws SQLException {
    if (bytes > buffer.length - used) {
      flush();
    }
  }

  private void flush() throws SQLException {
    if (used > 0) {
      send(buffer, used);
      used = 0;
    }
  }

  private void send(byte[] bytes, int length) throws SQLException {
    copy.writeToCopy(bytes, 0, length);
    advancedAtNanos = System.nanoTime();
  }

  private void int16(int value) {
    buffer[used++] = (byte) (value >>> 8);
    buffer[used++] = (byte) value;
  }

  private void int32(int value) {
    int16(value >>> 16);
    int16(value);
  }

  private void int64(long value) {
    int32((int) (value >>> 32));
    int32((int) value);
  }
}
