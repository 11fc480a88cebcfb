package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.FileConfig.Format;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.source.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.IsolationLevel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSourceTest {
  private static final KafkaConfig KAFKA =
      new KafkaConfig(
          "localhost:9092",
          "topic",
          List.of("topic"),
          "group",
          1,
          -1,
          IsolationLevel.READ_COMMITTED,
          Map.of());

  @TempDir private Path directory;

  private final SettableClock clock = new SettableClock();
  private final InMemoryFilePositions positions = new InMemoryFilePositions(clock);
  private FileSource source;
  private Path log;

  @BeforeEach
  void create() {
    log = directory.resolve("a.log");
    start(Map.of());
  }

  @AfterEach
  void stop() {
    source.stop();
  }

  /** Starts the source as a new process would. */
  private void start(Map<Long, Long> unstored) {
    FileConfig config =
        new FileConfig(directory, "*.log", Format.NDJSON, "reader", 1024, Duration.ofMinutes(1));
    source = new FileSource(config, KAFKA, positions, clock);
    source.resume(unstored);
  }

  private void restart(Map<Long, Long> unstored) {
    source.stop();
    start(unstored);
  }

  /** Appends lines that are long enough for a copy to be recognized. */
  private static void append(Path file, int from, int to) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int n = from; n < to; n++) {
      lines.append(line(n)).append('\n');
    }
    Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static String line(int n) {
    return "{\"n\":%d,\"pad\":\"%s\"}".formatted(n, "x".repeat(60));
  }

  private static List<String> lines(int from, int to) {
    return java.util.stream.IntStream.range(from, to).mapToObj(FileSourceTest::line).toList();
  }

  private List<Event> events() {
    return source.next(1000);
  }

  private List<String> read() {
    return texts(events());
  }

  private static List<String> texts(List<Event> events) {
    return events.stream().map(event -> new String(event.json(), StandardCharsets.UTF_8)).toList();
  }

  private void store(List<Event> events) {
    events.forEach(event -> positions.stored(event.position().file(), event.position().next()));
  }

  @Test
  void theTransactionalIdIsTheSameInEveryInstanceOfAReader() {
    assertThat(source.name()).isEqualTo("file");
    assertThat(source.transactionalId()).isEqualTo("group-file-reader");
  }

  @Test
  void linesAreReadOnceAsTheyAreWritten() throws IOException {
    append(log, 0, 2);
    assertThat(read()).isEqualTo(lines(0, 2));
    append(log, 2, 3);
    append(directory.resolve("b.log"), 10, 11);
    append(directory.resolve("c.txt"), 20, 21);
    assertThat(read()).containsExactly(line(2), line(10));
    assertThat(read()).isEmpty();
  }

  @Test
  void noMoreEventsAreReadThanWereAskedFor() throws IOException {
    append(log, 0, 5);
    append(directory.resolve("b.log"), 10, 12);
    assertThat(texts(source.next(3))).isEqualTo(lines(0, 3));
    assertThat(texts(source.next(3))).containsExactly(line(3), line(4), line(10));
  }

  @Test
  void aRestartResumesBehindWhatIsStored() throws IOException {
    append(log, 0, 3);
    List<Event> events = events();
    store(events.subList(0, 1));

    restart(Map.of());

    assertThat(read()).isEqualTo(lines(1, 3));
  }

  @Test
  void aRestartResumesBehindWhatIsOnTheTopic() throws IOException {
    append(log, 0, 3);
    List<Event> events = events();
    store(events.subList(0, 1));
    Event onTheTopic = events.get(1);

    restart(Map.of(onTheTopic.position().file(), onTheTopic.position().next()));

    assertThat(read()).containsExactly(line(2));
  }

  @Test
  void whatWasNotSentIsReadAgainAfterResuming() throws IOException {
    append(log, 0, 3);
    read();
    source.resume(Map.of());
    assertThat(read()).isEqualTo(lines(0, 3));
  }

  @Test
  void aRenamedFileIsReadToItsEndAndNotAgain() throws IOException {
    append(log, 0, 2);
    read();
    append(log, 2, 3);
    Path rotated = Files.move(log, directory.resolve("a.log.1"));
    append(log, 10, 11);

    assertThat(read()).containsExactly(line(2), line(10));
    append(rotated, 3, 4);
    assertThat(read()).containsExactly(line(3));
  }

  @Test
  void aFileRenamedDuringARestartIsReadToItsEnd() throws IOException {
    append(log, 0, 2);
    store(events());
    source.stop();
    append(log, 2, 3);
    Files.move(log, directory.resolve("a.log.1"));
    append(log, 10, 11);

    start(Map.of());

    assertThat(read()).containsExactlyInAnyOrder(line(2), line(10));
  }

  @Test
  void aDeletedFileIsReadToItsEnd() throws IOException {
    append(log, 0, 3);
    assertThat(texts(source.next(1))).containsExactly(line(0));
    Files.delete(log);
    assertThat(read()).isEqualTo(lines(1, 3));
  }

  @Test
  void aTruncatedFileIsReadFromItsStart() throws IOException {
    append(log, 0, 3);
    read();
    Files.writeString(log, line(7) + "\n", StandardOpenOption.TRUNCATE_EXISTING);
    assertThat(read()).containsExactly(line(7));
  }

  @Test
  void aFileThatIsCopiedAndTruncatedIsReadOnce() throws IOException {
    append(log, 0, 3);
    read();
    Path copy = Files.copy(log, directory.resolve("a.log.1"));
    append(copy, 3, 4);
    Files.writeString(log, line(10) + "\n", StandardOpenOption.TRUNCATE_EXISTING);

    assertThat(read()).containsExactlyInAnyOrder(line(3), line(10));
  }

  @Test
  void aCopyIsNotFollowedWhileItIsBeingWritten() throws IOException {
    append(log, 0, 3);
    read();
    Path copy = directory.resolve("a.log.copy.log");
    append(copy, 0, 1);
    assertThat(read()).isEmpty();

    append(copy, 1, 3);
    assertThat(read()).isEmpty();
    append(copy, 3, 4);
    assertThat(read()).containsExactly(line(3));
  }

  @Test
  void anEmptyFileIsFollowedOnceItHasContent() throws IOException {
    Files.createFile(log);
    Files.createFile(directory.resolve("b.log"));
    assertThat(read()).isEmpty();
    append(log, 0, 1);
    assertThat(read()).containsExactly(line(0));
  }

  @Test
  void aDeletedFileIsClosedAfterFiveMinutesAndContinuedIfItComesBack() throws IOException {
    append(log, 0, 2);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere")).resolve("a.log");
    assertThat(read()).isEqualTo(lines(0, 2));
    Files.move(log, elsewhere);
    assertThat(read()).isEmpty();
    append(elsewhere, 2, 3);
    assertThat(read()).containsExactly(line(2));

    clock.advance(Duration.ofMinutes(5).plusMillis(1));
    assertThat(read()).isEmpty();
    append(elsewhere, 3, 4);
    assertThat(read()).isEmpty();

    Files.move(elsewhere, log);
    assertThat(read()).containsExactly(line(3));
  }

  @Test
  void aSecondInstanceWaitsForTheLease() {
    assertThat(source.claim()).isTrue();
    FileSource second =
        new FileSource(
            new FileConfig(directory, "*", Format.NDJSON, "reader", 1024, Duration.ofMinutes(1)),
            KAFKA,
            positions,
            clock);
    assertThat(second.claim()).isFalse();
    source.stop();
    assertThat(second.claim()).isTrue();
  }

  @Test
  void aDatabaseThatDoesNotAnswerIsAFailureOfTheSource() throws IOException {
    append(log, 0, 1);
    positions.failWith(new SQLException("away"));
    assertThatThrownBy(source::claim).hasRootCauseMessage("away");
    assertThatThrownBy(() -> source.next(1)).hasRootCauseMessage("away");
    assertThatThrownBy(() -> source.resume(Map.of())).hasRootCauseMessage("away");

    positions.failWith(null);
    assertThat(read()).containsExactly(line(0));
  }
}
