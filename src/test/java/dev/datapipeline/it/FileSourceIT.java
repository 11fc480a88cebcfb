package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.record.EventTime;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.Fingerprint;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The source "file": files grow, are rotated and deleted, and the application is killed. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FileSourceIT {
  private static Pipeline pipeline;
  private static Path directory;

  @BeforeAll
  static void start() throws IOException {
    directory =
        Files.createDirectories(ServerDirectory.TARGET.resolve("it/files-" + System.nanoTime()));
    pipeline =
        new Pipeline("files", 3)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "file")
            .with("PRODUCER_INTERVAL", "PT0.1S")
            .with("SOURCE_FILE_EVENTS_PER_TICK", "500")
            .with("FILE_PATH", directory.toString())
            .with("FILE_LAST_LINE_TIMEOUT", "PT5S");
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @BeforeEach
  void isRunning() {
    pipeline.running();
  }

  private static void write(Path file, String test, int from, int to) throws IOException {
    try (BufferedWriter writer =
        Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int n = from; n < to; n++) {
        writer.write("{\"test\":\"%s\",\"n\":%d}\n".formatted(test, n));
      }
    }
  }

  private static List<Long> counts(String test) {
    return pipeline
        .database()
        .query(
            Database.ofTopic(
                "SELECT count(*), count(DISTINCT payload->>'n') FROM own"
                    + " WHERE payload->>'test' = ?"),
            pipeline.name(),
            test)
        .get(0)
        .stream()
        .map(Long::valueOf)
        .toList();
  }

  private static void awaitLines(String test, long lines) {
    await(test + " stored").atMost(Pipeline.PATIENCE).until(() -> counts(test).get(1) >= lines);
  }

  /** Also waits for a last line, so that a late duplicate of an earlier one would be seen. */
  private static void assertEachLineOnce(String test, Path last, int lines) throws IOException {
    awaitLines(test, lines);
    write(last, test + " end", 0, 1);
    awaitLines(test + " end", 1);
    assertThat(counts(test)).containsExactly((long) lines, (long) lines);
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  @Tag("long")
  void repeatedKillsInMidFileLoseAndRepeatNoLine() throws IOException {
    Path file = directory.resolve("kill.ndjson");
    write(file, "kill", 0, 60_000);
    long before = 0;
    for (int i = 0; i < 3; i++) {
      long seen = before;
      await().atMost(Pipeline.PATIENCE).until(() -> counts("kill").get(0) > seen);
      pipeline.instance().kill();
      before = counts("kill").get(0);
      write(file, "kill", 60_000 + i * 1000, 61_000 + i * 1000);
      pipeline.instance().start();
    }

    assertEachLineOnce("kill", file, 63_000);
  }

  @Test
  void linesThatAreNotStoredYetAreNotSentAgain() throws IOException {
    Path file = directory.resolve("behind.ndjson");
    write(file, "behind", 0, 1000);
    awaitLines("behind", 1000);
    pipeline.database().execute("ALTER TABLE raw_events RENAME TO away");
    try {
      long end = pipeline.end();
      write(file, "behind", 1000, 3000);
      await().atMost(Pipeline.PATIENCE).until(() -> pipeline.end() >= end + 2000);
      pipeline.instance().kill();
    } finally {
      pipeline.database().execute("ALTER TABLE away RENAME TO raw_events");
    }
    pipeline.running();

    assertEachLineOnce("behind", file, 3000);
  }

  @Test
  void aRenamedFileAndItsSuccessorAreBothReadToTheEnd() throws IOException {
    Path file = directory.resolve("rename.log");
    Path rotated = directory.resolve("rename.log.1");
    write(file, "rename", 0, 5000);
    Files.move(file, rotated);
    write(file, "rename", 5000, 6000);
    write(rotated, "rename", 6000, 6100);
    awaitLines("rename", 6100);
    try (OutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(directory.resolve("rename.log.1.gz")))) {
      Files.copy(rotated, gzip);
    }
    Files.delete(rotated);
    write(file, "rename", 6100, 6200);

    assertEachLineOnce("rename", file, 6200);
  }

  /** The backup was taken before the files were followed, and row numbers are issued again. */
  @Test
  void aRestoredDatabaseLosesAndRepeatsNoLine() throws IOException {
    Path one = directory.resolve("restore-1.log");
    Path two = directory.resolve("restore-2.log");
    write(one, "restore 1", 0, 2000);
    write(two, "restore 2", 0, 1000);
    awaitLines("restore 1", 2000);
    awaitLines("restore 2", 1000);
    pipeline.instance().kill();
    pipeline.restoreEarlierState(0);
    pipeline.database().execute("TRUNCATE file_positions RESTART IDENTITY");
    write(directory.resolve("restore-0.log"), "restore 0", 0, 500);
    write(one, "restore 1", 2000, 2100);
    pipeline.running();

    awaitLines("restore 0", 500);
    pipeline.awaitNoLag();
    pipeline.instance().kill();
    write(two, "restore 2", 1000, 1100);
    pipeline.running();
    assertEachLineOnce("restore 2", two, 1100);
    assertThat(counts("restore 0")).containsExactly(500L, 500L);
    assertThat(counts("restore 1")).containsExactly(2100L, 2100L);
  }

  @Test
  void recordsWithForeignForgedAndMalformedHeadersAreStoredAndMoveNoPosition() throws IOException {
    Path file = directory.resolve("forged.log");
    write(file, "forged", 0, 10);
    awaitLines("forged", 10);
    List<byte[]> headers = new ArrayList<>();
    for (List<String> row : pipeline.database().query("SELECT id FROM file_positions")) {
      headers.add(
          ByteBuffer.allocate(16).putLong(Long.parseLong(row.get(0))).putLong(1L << 40).array());
    }
    FilePosition own = position(file);
    headers.add(
        new FilePosition(
                own.reader(), own.file(), own.path(), own.inode() + 1, own.fingerprint(), 1L << 40)
            .toBytes());
    headers.add(
        new FilePosition(
                "elsewhere", UUID.randomUUID(), "/a", own.inode(), own.fingerprint(), 1L << 40)
            .toBytes());
    headers.add(new byte[0]);
    headers.add(new byte[] {2, 0, 0});
    headers.add(null);
    for (byte[] header : headers) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(
              pipeline.name(), "{\"test\":\"headers\"}".getBytes(StandardCharsets.UTF_8));
      record.headers().add(FilePosition.HEADER, header);
      pipeline.producer().send(record);
    }
    pipeline.producer().flush();
    await().atMost(Pipeline.PATIENCE).until(() -> counts("headers").get(0) >= headers.size());

    assertThat(position(file)).isEqualTo(own);
    pipeline.instance().stop();
    write(file, "forged", 10, 20);
    pipeline.running();
    assertEachLineOnce("forged", file, 20);
  }

  private static FilePosition position(Path file) {
    List<String> row =
        pipeline
            .database()
            .query(
                "SELECT reader, file, path, inode, encode(fingerprint, 'hex'), fingerprint_length,"
                    + " next_offset FROM file_positions WHERE path = ?",
                file.toString())
            .get(0);
    return new FilePosition(
        row.get(0),
        UUID.fromString(row.get(1)),
        row.get(2),
        Long.parseLong(row.get(3)),
        new Fingerprint(HexFormat.of().parseHex(row.get(4)), Integer.parseInt(row.get(5))),
        Long.parseLong(row.get(6)));
  }

  @Test
  void aFileThatCannotBeReadDoesNotStopTheOthersAndIsShown() throws IOException {
    Path unreadable =
        Files.createSymbolicLink(directory.resolve("0.log"), Path.of("/proc/self/mem"));
    try {
      Path file = directory.resolve("neighbour.log");
      write(file, "neighbour", 0, 100);
      assertEachLineOnce("neighbour", file, 100);
      await()
          .atMost(Pipeline.PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(
                          pipeline
                              .instance()
                              .health()
                              .check("ready", "producer")
                              .getJsonObject("data")
                              .getString("problem", ""))
                      .startsWith("file: cannot read " + unreadable));
      assertThat(pipeline.instance().health().ready()).isEqualTo("UP");
    } finally {
      Files.delete(unreadable);
    }
  }

  /** The record's own timestamp is that of sending, so that the topic's retention keeps it. */
  @Test
  void theTimeInTheHeaderIsStoredAsTheTimeOfTheEvent() {
    ProducerRecord<String, byte[]> record =
        EventTime.record(
            pipeline.name(),
            Instant.parse("2001-02-03T04:05:06Z"),
            Instant.now(),
            null,
            "{\"test\":\"old\",\"n\":0}".getBytes(StandardCharsets.UTF_8));
    pipeline
        .producer()
        .send(
            new ProducerRecord<>(
                pipeline.name(), null, record.timestamp(), null, record.value(), record.headers()));
    awaitLines("old", 1);
    assertThat(
            pipeline
                .database()
                .query(
                    Database.ofTopic(
                        "SELECT (SELECT extract(epoch FROM e.timestamp)::bigint FROM raw_events e"
                            + " WHERE e.id = own.id) FROM own WHERE payload->>'test' = 'old'"),
                    pipeline.name()))
        .containsExactly(List.of(Long.toString(981173106)));
  }

  @Test
  @Tag("long")
  void aFileRenamedWhileTheApplicationIsStoppedIsContinued() throws IOException {
    Path file = directory.resolve("stopped.log");
    write(file, "stopped", 0, 1000);
    awaitLines("stopped", 1000);
    pipeline.instance().stop();
    write(file, "stopped", 1000, 1500);
    Files.move(file, directory.resolve("stopped.log.1"));
    write(file, "stopped", 1500, 2000);
    pipeline.running();

    assertEachLineOnce("stopped", file, 2000);
  }

  @Test
  void aFileThatIsCopiedAndTruncatedIsReadOnce() throws IOException {
    Path file = directory.resolve("copy.log");
    write(file, "copy", 0, 3000);
    awaitLines("copy", 1);
    Files.copy(file, directory.resolve("copy.log.1"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
    write(file, "copy", 3000, 3500);

    assertEachLineOnce("copy", file, 3500);
  }

  @Test
  void aLineThatCannotBeParsedIsStoredWithTheReason() throws IOException {
    Path file = directory.resolve("broken.log");
    Files.writeString(file, "{\"test\":\"broken\",\"n\":0}\nthis is no JSON\n");
    write(file, "broken", 1, 2);

    awaitLines("broken", 2);
    assertThat(
            pipeline
                .database()
                .query(
                    Database.ofTopic(
                        "SELECT payload->'unparsed'->>'raw', payload->'unparsed'->>'offset'"
                            + " FROM own WHERE payload->'unparsed'->>'file' = ?"),
                    pipeline.name(),
                    file.toString()))
        .containsExactly(List.of("this is no JSON", "24"));
  }

  /** Comes last: the instance that the other tests use is killed. */
  @Test
  @Order(Integer.MAX_VALUE)
  void whenTheInstanceThatFollowsTheFilesIsKilledAnotherTakesOver() throws IOException {
    Path file = directory.resolve("takeover.log");
    Application second = pipeline.instance("2");
    second.start();
    try {
      Pipeline.awaitReady(second);
      write(file, "takeover", 0, 20_000);
      awaitLines("takeover", 1);
      pipeline.instance().kill();
      awaitLines("takeover", 20_000);
      assertEachLineOnce("takeover", file, 20_000);
    } finally {
      second.stop();
    }
  }
}
