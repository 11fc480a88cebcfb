package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Separates the records that PostgreSQL refuses from the rest of their batch. PostgreSQL alone
 * decides what is valid JSON, and checks a whole batch in one statement. Values that would fail
 * that statement as a whole are found first: bytes that aren't text, and nesting too deep for the
 * parser. Other violations, such as a violated constraint that somebody added, are found by halving
 * the batch. A constraint that is not about the value fails the batch as a whole: {@link
 * Violation}. Not thread-safe.
 */
final class PoisonIsolation {
  /** PostgreSQL's parser accepts about 6,000 levels with its default stack depth. */
  private static final int SAFE_NESTING = 1_000;

  private static final String FIND_INVALID_JSON =
      "SELECT v.n, e.message, e.detail, e.sql_error_code"
          + " FROM unnest(?::text[]) WITH ORDINALITY AS v(payload, n),"
          + " LATERAL pg_input_error_info(v.payload, 'json') AS e"
          + " WHERE NOT pg_input_is_valid(v.payload, 'json') ORDER BY v.n";

  private final Connection connection;
  private final List<NewDeadLetter> rejected = new ArrayList<>();

  PoisonIsolation(Connection connection) {
    this.connection = connection;
  }

  /** Writes the records, and returns how many of them went to the dead letters. */
  long write(List<StorableRecord> records) throws SQLException {
    // a deferred constraint would fail the commit, when it is too late to isolate a record
    execute("SET CONSTRAINTS ALL IMMEDIATE");
    List<StorableRecord> shallow = new ArrayList<>(records.size());
    List<String> texts = new ArrayList<>(records.size());
    List<StorableRecord> deep = new ArrayList<>();
    for (StorableRecord record : records) {
      byte[] value = record.record().value();
      if (value == null) {
        reject(record, "the record has no value (a tombstone)", "23502");
      } else if (indexOfNul(value) >= 0) {
        reject(
            record,
            "the byte 0x00 at position %d cannot be stored as text".formatted(indexOfNul(value)),
            "22021");
      } else {
        String text = decode(record, value);
        if (text != null && nesting(value) > SAFE_NESTING) {
          deep.add(record);
        } else if (text != null) {
          shallow.add(record);
          texts.add(text);
        }
      }
    }
    copy(accepted(shallow, texts));
    for (StorableRecord record : deep) {
      copy(List.of(record));
    }
    if (!rejected.isEmpty()) {
      RawEventCopy.writeDeadLetters(connection, rejected);
    }
    return rejected.size();
  }

  private void reject(StorableRecord record, String reason, String sqlState) {
    rejected.add(record.rejected(reason, sqlState));
  }

  private static int indexOfNul(byte[] value) {
    for (int i = 0; i < value.length; i++) {
      if (value[i] == 0) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the value as text; null if it isn't UTF-8, and was rejected. */
  private String decode(StorableRecord record, byte[] value) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(value);
    CharBuffer text = CharBuffer.allocate(value.length);
    CoderResult result = decoder.decode(bytes, text, true);
    if (result.isError()) {
      reject(
          record,
          "invalid UTF-8: the byte 0x%02x at position %d"
              .formatted(value[bytes.position()], bytes.position()),
          "22021");
      return null;
    }
    return text.flip().toString();
  }

  /** Returns the maximum nesting of arrays and objects. An estimate: strings aren't parsed. */
  private static int nesting(byte[] value) {
    int depth = 0;
    int deepest = 0;
    for (byte b : value) {
      if (b == '[' || b == '{') {
        deepest = Math.max(deepest, ++depth);
      } else if (b == ']' || b == '}') {
        depth--;
      }
    }
    return deepest;
  }

  private List<StorableRecord> accepted(List<StorableRecord> records, List<String> texts)
      throws SQLException {
    if (records.isEmpty()) {
      return records;
    }
    boolean[] refused = new boolean[records.size()];
    Array payloads = connection.createArrayOf("text", texts.toArray());
    try (PreparedStatement statement = connection.prepareStatement(FIND_INVALID_JSON)) {
      statement.setArray(1, payloads);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          int index = row.getInt(1) - 1;
          refused[index] = true;
          String detail = row.getString(3);
          reject(
              records.get(index),
              FailureText.oneLine(row.getString(2) + (detail == null ? "" : ": " + detail)),
              row.getString(4));
        }
      }
    } finally {
      payloads.free();
    }
    List<StorableRecord> accepted = new ArrayList<>(records.size());
    for (int i = 0; i < refused.length; i++) {
      if (!refused[i]) {
        accepted.add(records.get(i));
      }
    }
    return accepted;
  }

  private void copy(List<StorableRecord> records) throws SQLException {
    if (records.isEmpty()) {
      return;
    }
    execute("SAVEPOINT before_copy");
    try {
      RawEventCopy.write(connection, records);
      execute("RELEASE SAVEPOINT before_copy");
    } catch (SQLException e) {
      if (FailureKind.of(e) != FailureKind.VALUE) {
        throw e;
      }
      execute("ROLLBACK TO SAVEPOINT before_copy");
      execute("RELEASE SAVEPOINT before_copy");
      Optional<Violation> violation = Violation.of(e);
      if (violation.isPresent() && !violation.get().concernsValue(connection)) {
        throw e;
      }
      if (records.size() == 1) {
        reject(records.get(0), FailureText.oneLine(e.getMessage()), FailureKind.sqlState(e));
      } else {
        int half = records.size() / 2;
        copy(records.subList(0, half));
        copy(records.subList(half, records.size()));
      }
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
