package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.FileConfig.Format;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.source.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRegistryTest {
  private interface FileAction {
    void run() throws IOException;
  }

  @TempDir private Path directory;

  private final SettableClock clock = new SettableClock();
  private FileAction afterTheNextScan = () -> {};
  private FileRegistry registry;
  private Path log;

  @BeforeEach
  void create() throws SQLException {
    log = directory.resolve("a.log");
    FileConfig config =
        new FileConfig(directory, "*", Format.NDJSON, "reader", 1024, 100, Duration.ofMinutes(1));
    DirectoryScan scan =
        new DirectoryScan(directory, "*") {
          @Override
          Map<Long, Path> files(BiPredicate<Long, Path> filter, Problems problems)
              throws IOException {
            Map<Long, Path> found = super.files(filter, problems);
            FileAction action = afterTheNextScan;
            afterTheNextScan = () -> {};
            action.run();
            return found;
          }
        };
    registry = new FileRegistry(config, new InMemoryFilePositions(clock), clock, clock, scan);
    registry.load(new FileProgress());
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private static void append(Path file, int from, int to) throws IOException {
    List<String> lines =
        IntStream.range(from, to)
            .mapToObj(n -> "{\"n\":%d,\"pad\":\"%s\"}".formatted(n, "x".repeat(60)))
            .toList();
    Files.write(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private int read() throws IOException, SQLException {
    return readEvents().size();
  }

  private List<Event> readEvents() throws IOException, SQLException {
    List<Event> events = new ArrayList<>();
    registry.refresh();
    for (FileTail file : registry.openFiles()) {
      file.read(events, 1000, 1 << 20);
    }
    return events;
  }

  private void rename() throws IOException {
    Files.move(log, directory.resolve("a.log.1"));
    append(log, 30, 35);
  }

  private void copyAndTruncate() throws IOException {
    Files.copy(log, directory.resolve("a.log.1"));
    Files.write(log, new byte[0]);
  }

  @Test
  void aFileThatIsCopiedAndTruncatedBetweenScansIsReadOnce() throws Exception {
    append(log, 0, 20);
    assertThat(read()).isEqualTo(20);
    append(log, 20, 30);
    copyAndTruncate();
    append(log, 30, 35);

    assertThat(read() + read()).isEqualTo(15);
  }

  @Test
  void aFileThatIsCopiedAndTruncatedDuringAScanIsReadOnce() throws Exception {
    append(log, 0, 20);
    assertThat(read()).isEqualTo(20);
    append(log, 20, 30);
    afterTheNextScan =
        () -> {
          copyAndTruncate();
          append(log, 30, 35);
        };

    assertThat(read() + read()).isEqualTo(15);
  }

  @Test
  void aNewFileThatIsRenamedDuringAScanIsReadOnceAndSoIsItsSuccessor() throws Exception {
    append(log, 0, 20);
    afterTheNextScan = this::rename;

    assertThat(read() + read() + read()).isEqualTo(25);
  }

  @Test
  void aKnownFileThatIsRenamedDuringAScanIsReadOnceAndSoIsItsSuccessor() throws Exception {
    append(log, 0, 20);
    FileProgress progress = new FileProgress();
    readEvents().forEach(event -> progress.add(event.position()));
    registry.load(progress);
    afterTheNextScan = this::rename;

    assertThat(read() + read() + read()).isEqualTo(5);
  }

  @Test
  void aFileThatIsTruncatedWithoutACopyStartsAgain() throws Exception {
    append(log, 0, 20);
    assertThat(read()).isEqualTo(20);
    Files.write(log, new byte[0]);
    append(log, 50, 53);

    assertThat(read() + read()).isEqualTo(3);
  }
}
