package dev.datapipeline.storage;

import dev.datapipeline.record.FilePosition;
import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The followed files in the database: their positions, and the lease that decides which instance
 * follows them. The positions advance in the transactions that store the lines. Thread-safe.
 */
@ApplicationScoped
public class FilePositions {

  /**
   * A followed file.
   *
   * @param id its id in {@code file_positions}
   * @param path the path at which it was found
   * @param inode its inode number in the file system
   * @param fingerprint a digest of its first bytes
   * @param fingerprintLength the number of bytes that the digest covers
   * @param next the offset after the last stored line
   */
  public record KnownFile(
      long id, String path, long inode, byte[] fingerprint, int fingerprintLength, long next) {}

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  /**
   * Acquires or renews the lease on a reader's files.
   *
   * @param reader the reader's name
   * @param holder identifies the instance
   * @param duration time after which the lease expires
   * @return false if another holder has a lease that hasn't expired
   * @throws SQLException if the statement fails
   */
  public boolean acquireLease(String reader, UUID holder, Duration duration) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO file_readers AS r (reader, holder, lease_until)"
                    + " VALUES (?, ?, now() + ? * interval '1 ms')"
                    + " ON CONFLICT (reader) DO UPDATE"
                    + " SET holder = excluded.holder, lease_until = excluded.lease_until"
                    + " WHERE r.holder = excluded.holder OR r.lease_until < now()")) {
      statement.setString(1, reader);
      statement.setObject(2, holder);
      statement.setLong(3, duration.toMillis());
      return statement.executeUpdate() == 1;
    }
  }

  /**
   * Releases the lease on a reader's files. Does nothing if another instance holds it.
   *
   * @param reader the reader's name
   * @param holder identifies the instance
   * @throws SQLException if the statement fails
   */
  public void releaseLease(String reader, UUID holder) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "DELETE FROM file_readers WHERE reader = ? AND holder = ?")) {
      statement.setString(1, reader);
      statement.setObject(2, holder);
      statement.executeUpdate();
    }
  }

  /**
   * Returns the files of a reader.
   *
   * @param reader the reader's name
   * @return the files that have not ended, in the order in which they were found
   * @throws SQLException if the statement fails
   */
  public List<KnownFile> files(String reader) throws SQLException {
    List<KnownFile> files = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT id, path, inode, fingerprint, fingerprint_length, next_offset"
                    + " FROM file_positions WHERE reader = ? AND NOT ended ORDER BY id")) {
      statement.setString(1, reader);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          files.add(
              new KnownFile(
                  row.getLong(1),
                  row.getString(2),
                  row.getLong(3),
                  row.getBytes(4),
                  row.getInt(5),
                  row.getLong(6)));
        }
      }
    }
    return files;
  }

  /**
   * Adds a file.
   *
   * @param reader the reader's name
   * @param file the file; its id is ignored
   * @return the id of the new row
   * @throws SQLException if the statement fails
   */
  public long add(String reader, KnownFile file) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO file_positions"
                    + " (reader, path, inode, fingerprint, fingerprint_length, next_offset)"
                    + " VALUES (?, ?, ?, ?, ?, ?) RETURNING id")) {
      statement.setString(1, reader);
      statement.setString(2, file.path());
      statement.setLong(3, file.inode());
      statement.setBytes(4, file.fingerprint());
      statement.setInt(5, file.fingerprintLength());
      statement.setLong(6, file.next());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /**
   * Replaces the fingerprint of a file that has grown by one that covers more bytes.
   *
   * @param id the file's id
   * @param fingerprint the digest
   * @param length the number of bytes that the digest covers
   * @throws SQLException if the statement fails
   */
  public void fingerprint(long id, byte[] fingerprint, int length) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "UPDATE file_positions SET fingerprint = ?, fingerprint_length = ? WHERE id = ?")) {
      statement.setBytes(1, fingerprint);
      statement.setInt(2, length);
      statement.setLong(3, id);
      statement.executeUpdate();
    }
  }

  /**
   * Marks a file as ended, because it was truncated or overwritten.
   *
   * @param id the file's id
   * @throws SQLException if the statement fails
   */
  public void end(long id) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("UPDATE file_positions SET ended = true WHERE id = ?")) {
      statement.setLong(1, id);
      statement.executeUpdate();
    }
  }

  /**
   * Returns how far each partition of a topic is stored.
   *
   * @param topicId the topic's id
   * @return the next offset to store, by partition number
   * @throws SQLException if the statement fails
   */
  public Map<Integer, Long> storedOffsets(UUID topicId) throws SQLException {
    Map<Integer, Long> offsets = new HashMap<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT partition, next_offset FROM topic_partitions WHERE topic_id = ?")) {
      statement.setObject(1, topicId);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          offsets.put(row.getInt(1), row.getLong(2));
        }
      }
    }
    return offsets;
  }

  /** Advances the positions of all files that have lines among the records. */
  static void move(Connection connection, List<StorableRecord> records) throws SQLException {
    Map<Long, Long> positions = new TreeMap<>();
    for (StorableRecord record : records) {
      FilePosition.of(record.record().headers())
          .ifPresent(position -> positions.merge(position.file(), position.next(), Math::max));
    }
    if (positions.isEmpty()) {
      return;
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE file_positions SET next_offset = ?, updated_at = now()"
                + " WHERE id = ? AND next_offset < ?")) {
      for (Map.Entry<Long, Long> position : positions.entrySet()) {
        statement.setLong(1, position.getValue());
        statement.setLong(2, position.getKey());
        statement.setLong(3, position.getValue());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
