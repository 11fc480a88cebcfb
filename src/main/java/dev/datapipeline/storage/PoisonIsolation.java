package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.record.OversizedRecord;
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
 * decides what is valid JSON, and checks many values in one statement. Values that would fail that
 * statement as a whole are found first: bytes that aren't text, and nesting too deep for the
 * parser. A statement takes several copies of its values as text, so each one checks a limited
 * number of bytes, and a larger value is not checked but written alone. Other violations, such as a
 * violated constraint that somebody added, are found by halving the batch. A constraint that is not
 * about the value fails the batch as a whole: {@link Violation}. Not thread-safe.
 */
final class PoisonIsolation {
  /** PostgreSQL's parser accepts about 6,000 levels with its default stack depth. */
  private static final int SAFE_NESTING = 1_000;

  /** The most that one statement checks. A larger value is written alone, without a copy. */
  static final int MAX_CHECKED_BYTES = 1 << 20;

  /**
   * Values travel as bytea, because the driver sends it as it is: text would be converted to
   * strings and back, which takes twice as long as the check. The bytes are known to be UTF-8, and
   * so is the database's encoding.
   */
  private static final String FIND_INVALID_JSON =
      "SELECT v.n, left(e.message, 300), left(e.detail, 300), e.sql_error_code"
          + " FROM (SELECT convert_from(b, 'UTF8'), n FROM unnest(?::bytea[])"
          + " WITH ORDINALITY AS bytes(b, n)) AS v(payload, n),"
          + " LATERAL pg_input_error_info(v.payload, 'json') AS e"
          + " WHERE (v.payload IS JSON) IS NOT TRUE AND e.message IS NOT NULL ORDER BY v.n";

  private final Connection connection;
  private final List<NewDeadLetter> rejected = new ArrayList<>();
  private final CharBuffer characters = CharBuffer.allocate(8192);

  PoisonIsolation(Connection connection) {
    this.connection = connection;
  }

  /** Writes the records, and returns how many of them went to the dead letters. */
  long write(List<StorableRecord> records) throws SQLException {
    // a deferred constraint would fail the commit, when it is too late to isolate a record
    execute("SET CONSTRAINTS ALL IMMEDIATE");
    List<StorableRecord> checked = new ArrayList<>(records.size());
    List<StorableRecord> alone = new ArrayList<>();
    List<StorableRecord> next = new ArrayList<>();
    int bytes = 0;
    for (StorableRecord record : records) {
      if (isText(record)) {
        byte[] value = record.record().value();
        if (value.length > MAX_CHECKED_BYTES || nesting(value) > SAFE_NESTING) {
          alone.add(record);
        } else {
          if (bytes + value.length > MAX_CHECKED_BYTES) {
            checked.addAll(accepted(next));
            next.clear();
            bytes = 0;
          }
          next.add(record);
          bytes += value.length;
        }
      }
    }
    checked.addAll(accepted(next));
    copy(checked);
    for (StorableRecord record : alone) {
      copy(List.of(record));
    }
    if (!rejected.isEmpty()) {
      RawEventCopy.writeDeadLetters(connection, rejected);
    }
    return rejected.size();
  }

  /** Returns whether the record has a value that is text, and rejects it if not. */
  private boolean isText(StorableRecord record) {
    byte[] value = record.record().value();
    if (record.record() instanceof OversizedRecord oversized) {
      reject(record, oversized.reason(), "54000");
      return false;
    }
    if (value == null) {
      reject(record, "the record has no value (a tombstone)", "23502");
      return false;
    }
    int nul = indexOfNul(value);
    if (nul >= 0) {
      reject(
          record, "the byte 0x00 at position %d cannot be stored as text".formatted(nul), "22021");
      return false;
    }
    int malformed = indexOfMalformed(value);
    if (malformed >= 0) {
      reject(
          record,
          "invalid UTF-8: the byte 0x%02x at position %d".formatted(value[malformed], malformed),
          "22021");
      return false;
    }
    return true;
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

  /** Returns where bytes stop being UTF-8; -1 if all of them are. */
  private int indexOfMalformed(byte[] value) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(value);
    CoderResult result;
    do {
      result = decoder.decode(bytes, characters.clear(), true);
    } while (result.isOverflow());
    return result.isError() ? bytes.position() : -1;
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

  /** Returns the records whose values are valid JSON, and rejects the others. */
  private List<StorableRecord> accepted(List<StorableRecord> records) throws SQLException {
    if (records.isEmpty()) {
      return records;
    }
    boolean[] refused = new boolean[records.size()];
    Array payloads =
        connection.createArrayOf(
            "bytea", records.stream().map(r -> r.record().value()).toArray(byte[][]::new));
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
