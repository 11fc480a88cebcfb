package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.FileConfig.Format;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.record.Fingerprint;
import dev.datapipeline.source.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.header.internals.RecordHeaders;
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
  private int maxFiles = 100;
  private FileSource source;
  private Path log;

  @BeforeEach
  void create() {
    log = directory.resolve("a.log");
    start();
  }

  @AfterEach
  void stop() {
    source.stop();
  }

  /** Starts the source as a new process would. */
  private void start(Event... onTheTopic) {
    source = new FileSource(config(maxFiles), KAFKA, positions, clock, clock);
    source.resume(progress(List.of(onTheTopic)));
  }

  private FileConfig config(int files) {
    return new FileConfig(
        directory, "*.log", Format.NDJSON, "reader", 1024, files, Duration.ofMinutes(1));
  }

  /** What a scan of the topic finds. */
  private static FileProgress progress(List<Event> onTheTopic) {
    FileProgress progress = new FileProgress();
    for (Event event : onTheTopic) {
      progress.add(new RecordHeaders().add(FilePosition.HEADER, event.position().toBytes()));
    }
    return progress;
  }

  private void restart(Event... onTheTopic) {
    source.stop();
    start(onTheTopic);
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
    events.forEach(event -> positions.stored(event.position()));
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

    restart();

    assertThat(read()).isEqualTo(lines(1, 3));
  }

  @Test
  void aRestartResumesBehindWhatIsOnTheTopic() throws IOException {
    append(log, 0, 3);
    List<Event> events = events();
    store(events.subList(0, 1));
    Event onTheTopic = events.get(1);

    restart(onTheTopic);

    assertThat(read()).containsExactly(line(2));
  }

  @Test
  void whatWasNotSentIsReadAgainAfterResuming() throws IOException {
    append(log, 0, 3);
    read();
    source.resume(new FileProgress());
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

    start();

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

  /** The link leads to a regular file that even root can't read at its beginning. */
  @Test
  void anUnreadableFileDoesNotStopTheOthers() throws IOException {
    append(log, 0, 2);
    Path bad = Files.createSymbolicLink(directory.resolve("0.log"), Path.of("/proc/self/mem"));
    Files.createSymbolicLink(directory.resolve("1.log"), directory.resolve("dangling"));
    Files.createDirectory(directory.resolve("2.log"));
    append(directory.resolve("z.log"), 10, 11);

    assertThat(read()).containsExactly(line(0), line(1), line(10));
    assertThat(source.problem())
        .hasValue("cannot read %s (IOException: Input/output error)".formatted(bad));
    append(log, 2, 3);
    assertThat(read()).containsExactly(line(2));

    Files.delete(bad);
    assertThat(read()).isEmpty();
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void anUnreadableFileThatIsNotWantedIsNoProblem() throws IOException {
    append(log, 0, 1);
    Files.createSymbolicLink(directory.resolve("secret"), Path.of("/proc/self/mem"));
    assertThat(read()).containsExactly(line(0));
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void filesBeyondTheMaximumAreFollowedOnceOthersAreGone() throws IOException {
    maxFiles = 2;
    restart();
    append(log, 0, 1);
    append(directory.resolve("b.log"), 10, 11);
    append(directory.resolve("c.log"), 20, 21);
    append(directory.resolve("other"), 30, 31);

    List<Event> first = events();
    assertThat(first).hasSize(2);
    assertThat(source.problem())
        .hasValue("1 more files are not followed, because FILE_MAX_FILES files are");

    Files.delete(Path.of(first.get(0).key()));
    read();
    clock.advance(Duration.ofMinutes(5).plusMillis(1));
    read();
    List<Event> second = events();
    assertThat(source.problem()).isEmpty();
    assertThat(Stream.concat(first.stream(), second.stream()).map(Event::key).distinct())
        .hasSize(3);
    assertThat(second).hasSize(1);
  }

  @Test
  void deletedFilesAreForgottenAndContinuedIfTheyComeBack() throws IOException {
    maxFiles = 2;
    restart();
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    for (int i = 0; i < 10; i++) {
      Path file = directory.resolve(i + ".log");
      append(file, i, i + 1);
      List<Event> events = events();
      assertThat(texts(events)).containsExactly(line(i));
      store(events);
      Files.move(file, elsewhere.resolve(i + ".log"));
      read();
      clock.advance(Duration.ofMinutes(5).plusMillis(1));
      read();
    }
    append(elsewhere.resolve("0.log"), 100, 101);
    Files.move(elsewhere.resolve("0.log"), directory.resolve("0.log"));
    assertThat(read()).containsExactly(line(100));
  }

  @Test
  void afterARestartOnlyTheNewestFilesAreLoadedAndTheOthersAreFound() throws IOException {
    for (int i = 0; i < 5; i++) {
      append(directory.resolve(i + ".log"), i, i + 1);
      store(events());
    }
    maxFiles = 3;
    restart();
    append(directory.resolve("0.log"), 100, 101);
    append(directory.resolve("4.log"), 104, 105);

    assertThat(read()).containsExactlyInAnyOrder(line(100), line(104));
  }

  @Test
  void anEmptiedDatabaseRepeatsNoLineThatIsOnTheTopic() throws IOException {
    append(log, 0, 3);
    append(directory.resolve("b.log"), 10, 12);
    List<Event> events = events();
    store(events);
    append(directory.resolve("0.log"), 20, 21);

    positions.restore(Map.of());
    restart(events.toArray(Event[]::new));

    List<Event> others = events();
    assertThat(texts(others)).containsExactly(line(20));
    store(events);
    store(others);
    restart();
    append(log, 3, 4);
    assertThat(read()).containsExactly(line(3));
  }

  @Test
  void aRestoredDatabaseRepeatsNoLineOfAFileThatWasCopiedAndTruncatedSince() throws IOException {
    append(log, 0, 3);
    List<Event> sent = new ArrayList<>(events());
    store(sent.subList(0, 1));
    var backup = positions.backup();
    store(sent);
    Files.copy(log, directory.resolve("a.log.copy.log"));
    Files.writeString(log, line(10) + "\n", StandardOpenOption.TRUNCATE_EXISTING);
    sent.addAll(events());
    store(sent);
    assertThat(texts(sent)).endsWith(line(2), line(10));

    positions.restore(backup);
    restart(sent.subList(1, sent.size()).toArray(Event[]::new));

    append(log, 11, 12);
    assertThat(read()).containsExactly(line(11));
  }

  @Test
  void recordsOfAnotherDeploymentMoveNoPositionAndHideNoFile() throws IOException {
    append(log, 0, 3);
    List<Event> events = events();
    store(events);
    FilePosition own = events.get(2).position();
    FilePosition sameInode =
        new FilePosition(
            "reader",
            UuidCreator.getTimeOrderedEpoch(),
            own.path(),
            own.inode(),
            Fingerprint.of(new byte[] {1}),
            7);
    FilePosition otherReader =
        new FilePosition(
            "other",
            UuidCreator.getTimeOrderedEpoch(),
            own.path(),
            own.inode(),
            own.fingerprint(),
            1_000_000);
    restart(
        new Event("key", Instant.EPOCH, new byte[0], sameInode),
        new Event("key", Instant.EPOCH, new byte[0], otherReader));

    append(log, 3, 4);
    assertThat(read()).containsExactly(line(3));
  }

  @Test
  void aSecondInstanceWaitsForTheLease() {
    assertThat(source.claim()).isTrue();
    FileSource second = new FileSource(config(maxFiles), KAFKA, positions, clock, clock);
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
    assertThatThrownBy(() -> source.resume(new FileProgress())).hasRootCauseMessage("away");

    positions.failWith(null);
    assertThat(read()).containsExactly(line(0));
  }
}
