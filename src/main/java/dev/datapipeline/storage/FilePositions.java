package dev.datapipeline.storage;

import dev.datapipeline.failure.LogThrottle;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.record.Fingerprint;
import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.logging.Logger;
import javax.sql.DataSource;

/**
 * The followed files in the database: their positions, and the lease that decides which instance
 * follows them. The positions advance in the transactions that store the lines. Thread-safe.
 */
@ApplicationScoped
public class FilePositions {
  private static final Logger LOG = Logger.getLogger(FilePositions.class.getName());

  private static final String COLUMNS =
      "reader, file, path, inode, fingerprint, fingerprint_length, next_offset";

  /** The position of another file is never moved, whatever a header says. */
  private static final String MOVE =
      "INSERT INTO file_positions AS f ("
          + COLUMNS
          + ", by_number) VALUES (?, ?, ?, ?, ?, ?, ?, false)"
          + " ON CONFLICT (file) DO UPDATE SET"
          + " next_offset = greatest(f.next_offset, excluded.next_offset),"
          + " fingerprint = CASE WHEN excluded.fingerprint_length > f.fingerprint_length"
          + " THEN excluded.fingerprint ELSE f.fingerprint END,"
          + " fingerprint_length = greatest(f.fingerprint_length, excluded.fingerprint_length),"
          + " updated_at = now()"
          + " WHERE f.reader = excluded.reader AND f.inode = excluded.inode"
          + " AND (f.fingerprint_length <> excluded.fingerprint_length"
          + " OR f.fingerprint = excluded.fingerprint)";

  private static final LogThrottle THROTTLE = new LogThrottle(Duration.ofSeconds(10));

  /**
   * A followed file.
   *
   * @param position what the file is, and the offset after the last stored line
   * @param ended whether it was truncated or overwritten
   */
  public record KnownFile(FilePosition position, boolean ended) {}

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  /** Required by CDI; the container injects the datasource. */
  protected FilePositions() {}

  FilePositions(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * Acquires or renews the lease on a reader's files.
   *
   * @param reader the reader's name
   * @param holder identifies the instance
   * @param duration time after which the lease expires
   * @return false if another holder has a lease that hasn't expired; one that is longer than two
   *     durations counts as expired
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
                    + " WHERE r.holder = excluded.holder OR r.lease_until < now()"
                    // taken before the database's clock was set back
                    + " OR r.lease_until > excluded.lease_until + ? * interval '1 ms'")) {
      statement.setString(1, reader);
      statement.setObject(2, holder);
      statement.setLong(3, duration.toMillis());
      statement.setLong(4, duration.toMillis());
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
   * Takes over a reader's files from the previous version, whose records name a file by the number
   * of its row. Positions advance to what such records say that are on the topic. From now on the
   * headers of such records are ignored, because row numbers may be issued again.
   *
   * @param reader the reader's name
   * @param numbered the positions in records that are not stored yet, by row number
   * @throws SQLException if the statement fails
   */
  public void adoptNumbered(String reader, Map<Long, Long> numbered) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "UPDATE file_positions f SET by_number = false, next_offset = greatest(next_offset,"
                    + " (SELECT max(u.next) FROM unnest(?::bigint[], ?::bigint[]) AS u (id, next)"
                    + " WHERE u.id = f.id))"
                    + " WHERE reader = ? AND by_number")) {
      statement.setArray(1, connection.createArrayOf("bigint", numbered.keySet().toArray()));
      statement.setArray(2, connection.createArrayOf("bigint", numbered.values().toArray()));
      statement.setString(3, reader);
      statement.executeUpdate();
    }
  }

  /**
   * Returns the newest files of a reader that have not ended, and the files with certain ids.
   *
   * @param reader the reader's name
   * @param max the maximum number of newest files
   * @param ids ids of files that are returned in any case, if they are known
   * @return in no particular order
   * @throws SQLException if the statement fails
   */
  public List<KnownFile> files(String reader, int max, Collection<UUID> ids) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "(SELECT %1$s, ended FROM file_positions WHERE reader = ? AND NOT ended"
                        .formatted(COLUMNS)
                    + " ORDER BY file DESC LIMIT ?) UNION"
                    + " SELECT %1$s, ended FROM file_positions WHERE reader = ? AND file = ANY (?)"
                        .formatted(COLUMNS))) {
      statement.setString(1, reader);
      statement.setInt(2, max);
      statement.setString(3, reader);
      statement.setArray(4, connection.createArrayOf("uuid", ids.toArray()));
      return files(statement);
    }
  }

  /**
   * Returns the files of a reader that have certain inodes and have not ended.
   *
   * @param reader the reader's name
   * @param inodes the inodes
   * @return in no particular order
   * @throws SQLException if the statement fails
   */
  public List<KnownFile> filesWithInodes(String reader, Collection<Long> inodes)
      throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT "
                    + COLUMNS
                    + ", ended FROM file_positions WHERE reader = ? AND inode = ANY (?) AND NOT ended")) {
      statement.setString(1, reader);
      statement.setArray(2, connection.createArrayOf("bigint", inodes.toArray()));
      return files(statement);
    }
  }

  private static List<KnownFile> files(PreparedStatement statement) throws SQLException {
    List<KnownFile> files = new ArrayList<>();
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        files.add(
            new KnownFile(
                new FilePosition(
                    row.getString(1),
                    row.getObject(2, UUID.class),
                    row.getString(3),
                    row.getLong(4),
                    new Fingerprint(row.getBytes(5), row.getInt(6)),
                    row.getLong(7)),
                row.getBoolean(8)));
      }
    }
    return files;
  }

  /**
   * Adds a file. Does nothing if there is a file with the same id.
   *
   * @param position what the file is, and where reading starts
   * @throws SQLException if the statement fails
   */
  public void add(FilePosition position) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      moveTo(connection, List.of(position));
    }
  }

  /**
   * Marks the files with a certain inode as ended, because it was truncated or overwritten.
   *
   * @param reader the reader's name
   * @param inode the inode
   * @throws SQLException if the statement fails
   */
  public void end(String reader, long inode) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "UPDATE file_positions SET ended = true"
                    + " WHERE reader = ? AND inode = ? AND NOT ended")) {
      statement.setString(1, reader);
      statement.setLong(2, inode);
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
                "SELECT partition, next_offset FROM topic_partitions"
                    + " WHERE topic_id = ? AND ended_at IS NULL")) {
      statement.setObject(1, topicId);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          offsets.put(row.getInt(1), row.getLong(2));
        }
      }
    }
    return offsets;
  }

  /**
   * Advances the positions of all files that have lines among the records. Adds files that are
   * missing, because the database was restored. Records with foreign or malformed headers are
   * stored like any other; this must not fail because of them.
   */
  static void move(Connection connection, Collection<StorableRecord> records) throws SQLException {
    FileProgress progress = new FileProgress();
    for (StorableRecord record : records) {
      progress.add(record.record().headers());
    }
    moveNumbered(connection, progress.numbered());
    moveTo(connection, progress.positions());
  }

  private static void moveTo(Connection connection, List<FilePosition> positions)
      throws SQLException {
    if (positions.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
      for (FilePosition position : positions) {
        statement.setString(1, position.reader());
        statement.setObject(2, position.file());
        statement.setString(3, position.path());
        statement.setLong(4, position.inode());
        statement.setBytes(5, position.fingerprint().digest());
        statement.setInt(6, position.fingerprint().length());
        statement.setLong(7, position.next());
        statement.addBatch();
      }
      int[] moved = statement.executeBatch();
      for (int i = 0; i < moved.length; i++) {
        if (moved[i] == 0) {
          report(positions.get(i));
        }
      }
    }
  }

  /** Nothing is wrong with the records, so it is no failure of their batch. */
  private static void report(FilePosition position) {
    THROTTLE
        .count(1)
        .ifPresent(
            count ->
                LOG.warning(
                    ("%d headers %s contradict what is known of their file, and don't move its"
                            + " position; the last one is for the id %s")
                        .formatted(count, FilePosition.HEADER, position.file())));
  }

  /** Only rows that the previous version has added can be meant. */
  private static void moveNumbered(Connection connection, Map<Long, Long> numbered)
      throws SQLException {
    if (numbered.isEmpty()) {
      return;
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE file_positions SET next_offset = ?, updated_at = now()"
                + " WHERE id = ? AND next_offset < ? AND by_number")) {
      for (Map.Entry<Long, Long> position : numbered.entrySet()) {
        statement.setLong(1, position.getValue());
        statement.setLong(2, position.getKey());
        statement.setLong(3, position.getValue());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
