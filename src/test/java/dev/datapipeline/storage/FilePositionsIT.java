package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.it.TestBackends;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.Fingerprint;
import dev.datapipeline.storage.FilePositions.KnownFile;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The statements of the file source, in a schema of their own. */
class FilePositionsIT {
  private static final String SCHEMA = "file_positions_it";
  private static final Fingerprint FINGERPRINT = Fingerprint.of(new byte[100]);

  private final PostgresServer server = TestBackends.get().postgres();
  private final DataSource dataSource =
      (DataSource)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {DataSource.class},
              (proxy, method, arguments) -> connect());
  private final FilePositions positions = new FilePositions(dataSource);

  private Connection connect() throws SQLException {
    Connection connection = server.connect();
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET search_path TO " + SCHEMA);
    }
    return connection;
  }

  private void migrate(String target) {
    Flyway.configure()
        .dataSource(dataSource)
        .schemas(SCHEMA)
        .createSchemas(true)
        .locations("classpath:db/migration")
        .target(target)
        .load()
        .migrate();
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> query(String sql) throws SQLException {
    List<String> values = new ArrayList<>();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        values.add(row.getString(1));
      }
    }
    return values;
  }

  @BeforeEach
  @AfterEach
  void dropSchema() throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE");
    }
  }

  /** Adds a file as the previous version does, and returns its row number. */
  private long addNumbered(String reader, long inode, long next) throws SQLException {
    return Long.parseLong(
        query(
                ("INSERT INTO file_positions"
                        + " (reader, path, inode, fingerprint, fingerprint_length, next_offset)"
                        + " VALUES ('%s', '/a', %d, sha256('x'), 1, %d) RETURNING id")
                    .formatted(reader, inode, next))
            .get(0));
  }

  private static FilePosition position(long inode, long next) {
    return new FilePosition(
        "reader", new UUID(0x0199_0000_0000_7000L + inode, 7), "/a", inode, FINGERPRINT, next);
  }

  private static byte[] numbered(long row, long next) {
    return ByteBuffer.allocate(16).putLong(row).putLong(next).array();
  }

  private static StorableRecord record(byte[] header) {
    Headers headers = new RecordHeaders().add(FilePosition.HEADER, header);
    return new StorableRecord(
        1,
        new ConsumerRecord<>(
            "topic",
            0,
            0,
            0,
            TimestampType.CREATE_TIME,
            0,
            0,
            null,
            null,
            headers,
            Optional.empty()));
  }

  private void store(byte[]... headers) throws SQLException {
    try (Connection connection = connect()) {
      FilePositions.move(connection, Arrays.stream(headers).map(FilePositionsIT::record).toList());
    }
  }

  private List<Long> offsets() throws SQLException {
    return query("SELECT next_offset FROM file_positions ORDER BY inode").stream()
        .map(Long::valueOf)
        .toList();
  }

  @Test
  void aLeaseFromBeforeTheDatabasesClockWasSetBackPassesToAnotherInstance() throws Exception {
    migrate("latest");
    Duration duration = Duration.ofSeconds(10);
    UUID first = UUID.randomUUID();
    UUID second = UUID.randomUUID();
    assertThat(positions.acquireLease("reader", first, duration)).isTrue();
    assertThat(positions.acquireLease("reader", second, duration)).isFalse();

    execute("UPDATE file_readers SET lease_until = lease_until + interval '1 day'");

    assertThat(positions.acquireLease("reader", second, duration)).isTrue();
    assertThat(positions.acquireLease("reader", first, duration)).isFalse();
  }

  @Test
  void anUpgradedReaderContinuesWhereItsRecordsOnTheTopicEnd() throws Exception {
    migrate("5");
    long first = addNumbered("reader", 1, 100);
    long second = addNumbered("reader", 2, 200);
    long other = addNumbered("other", 3, 300);
    migrate("latest");
    assertThat(query("SELECT inode FROM file_positions ORDER BY file"))
        .containsExactly("1", "2", "3");
    // an instance of the previous version still runs
    long late = addNumbered("reader", 4, 400);
    store(numbered(first, 110), numbered(late, 410), numbered(1 << 20, 7));
    assertThat(offsets()).containsExactly(110L, 200L, 300L, 410L);

    positions.adoptNumbered("reader", Map.of(second, 250L, first, 90L, other, 350L));

    assertThat(offsets()).containsExactly(110L, 250L, 300L, 410L);
    assertThat(positions.files("reader", 10, List.of()))
        .extracting(file -> file.position().inode())
        .containsExactlyInAnyOrder(1L, 2L, 4L);
    store(numbered(first, 1_000_000), numbered(other, 360));
    assertThat(offsets()).containsExactly(110L, 250L, 360L, 410L);
  }

  @Test
  void headersWithRowNumbersMoveNoPositionOfThisVersion() throws Exception {
    migrate("latest");
    positions.add(position(1, 10));
    long row = Long.parseLong(query("SELECT id FROM file_positions").get(0));

    store(numbered(row, 1_000_000));

    assertThat(offsets()).containsExactly(10L);
  }

  @Test
  void aFileThatARestoredDatabaseLacksIsAdded() throws Exception {
    migrate("latest");
    positions.add(position(1, 10));

    store(position(1, 20).toBytes(), position(2, 30).toBytes(), position(2, 40).toBytes());
    store(position(1, 15).toBytes());

    assertThat(offsets()).containsExactly(20L, 40L);
    assertThat(positions.files("reader", 10, List.of()))
        .containsExactlyInAnyOrder(
            new KnownFile(position(1, 20), false), new KnownFile(position(2, 40), false));
  }

  @Test
  void aHeaderThatContradictsItsFileMovesNothingAndFailsNothing() throws Exception {
    migrate("latest");
    FilePosition own = position(1, 10);
    positions.add(own);

    store(
        new FilePosition("other", own.file(), "/a", 1, FINGERPRINT, 1000).toBytes(),
        new FilePosition("reader", own.file(), "/a", 2, FINGERPRINT, 1000).toBytes(),
        new FilePosition("reader", own.file(), "/a", 1, new Fingerprint(new byte[32], 100), 1 << 20)
            .toBytes(),
        new byte[] {2, 1},
        own.at(20).toBytes());

    assertThat(offsets()).containsExactly(20L);
  }

  @Test
  void aGrownFileHasALongerFingerprint() throws Exception {
    migrate("latest");
    Fingerprint longer = Fingerprint.of(new byte[200]);
    store(position(1, 10).toBytes());
    store(position(1, 20).with(longer).toBytes());
    store(position(1, 20).toBytes());

    assertThat(positions.filesWithInodes("reader", List.of(1L, 5L)))
        .containsExactly(new KnownFile(position(1, 20).with(longer), false));
  }

  @Test
  void theNewestFilesAreReturnedAndThoseThatAreAskedFor() throws Exception {
    migrate("latest");
    for (int inode = 1; inode <= 4; inode++) {
      positions.add(position(inode, inode));
    }
    positions.end("reader", 2);
    positions.end("reader", 4);

    assertThat(positions.files("reader", 1, List.of(position(2, 0).file(), UUID.randomUUID())))
        .containsExactlyInAnyOrder(
            new KnownFile(position(3, 3), false), new KnownFile(position(2, 2), true));
    assertThat(positions.filesWithInodes("reader", List.of(2L))).isEmpty();
    assertThat(positions.files("other", 1, List.of(position(2, 0).file()))).isEmpty();
    execute("DELETE FROM file_positions");
    assertThat(positions.files("reader", 10, List.of())).isEmpty();
  }

  @Test
  void theBacklogBeginsAtThePositionOfThePresentIncarnation() throws Exception {
    migrate("latest");
    UUID topic = UUID.randomUUID();
    execute(
        ("INSERT INTO topic_partitions"
                + " (topic, topic_id, partition, incarnation, next_offset, ended_at)"
                + " VALUES ('t', '%1$s', 0, 1, 40, NULL), ('t', '%1$s', 0, 0, 100, now())")
            .formatted(topic));
    assertThat(positions.storedOffsets(topic)).containsExactly(Map.entry(0, 40L));
  }
}
