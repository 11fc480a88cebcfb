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
 * What the database knows of the files that are followed. The positions themselves are moved by the
 * transactions that store the lines. Thread-safe.
 */
@ApplicationScoped
public class FilePositions {

  /**
   * A file that is followed.
   *
   * @param id the row
   * @param path where it was when it was found
   * @param inode its number in the file system
   * @param fingerprint a digest of its first bytes
   * @param fingerprintLength of how many of them
   * @param next the offset behind what is stored
   */
  public record KnownFile(
      long id, String path, long inode, byte[] fingerprint, int fingerprintLength, long next) {}

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  /**
   * Takes or renews the right to follow a reader's files.
   *
   * @param reader the reader's name
   * @param holder who wants to follow them
   * @param lease for how long
   * @return false if another holder's lease has not ended
   * @throws SQLException if the database does not answer
   */
  public boolean claim(String reader, UUID holder, Duration lease) throws SQLException {
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
      statement.setLong(3, lease.toMillis());
      return statement.executeUpdate() == 1;
    }
  }

  /**
   * Gives the right up.
   *
   * @param reader the reader's name
   * @param holder who had it
   * @throws SQLException if the database does not answer
   */
  public void release(String reader, UUID holder) throws SQLException {
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
   * Returns the files that a reader follows.
   *
   * @param reader the reader's name
   * @return without those that have ended
   * @throws SQLException if the database does not answer
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
   * Makes a row for a file that was found.
   *
   * @param reader the reader's name
   * @param file the file; its id does not matter
   * @return the row's id
   * @throws SQLException if the database does not answer
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
   * Tells a growing file from others by more of its first bytes.
   *
   * @param id the row
   * @param fingerprint the digest
   * @param length of how many bytes
   * @throws SQLException if the database does not answer
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
   * Writes down that a file does not exist any more as it was.
   *
   * @param id the row
   * @throws SQLException if the database does not answer
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
   * Returns up to where each partition of a topic is stored.
   *
   * @param topicId the topic's id
   * @return the next offset to store, by the partition's number
   * @throws SQLException if the database does not answer
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

  /** Moves the positions of the files whose lines are among the records. */
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
