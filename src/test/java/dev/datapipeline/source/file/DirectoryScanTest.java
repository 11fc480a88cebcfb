package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirectoryScanTest {
  @TempDir private Path directory;

  private Path create(String name) throws IOException {
    return Files.createFile(directory.resolve(name));
  }

  private static Map<Long, Path> files(DirectoryScan scan) throws IOException {
    return scan.files((inode, path) -> true, new Problems());
  }

  @Test
  void filesAreListedByNameWithTheirInodes() throws IOException {
    Path b = create("b.log");
    Path a = create("a.txt");
    Files.createDirectory(directory.resolve("c.log"));

    assertThat(files(new DirectoryScan(directory, "*.log")).values()).containsExactly(a, b);
  }

  @Test
  void aRenamedFileKeepsItsInode() throws IOException {
    Path file = create("a.log");
    DirectoryScan scan = new DirectoryScan(directory, "*");
    Long inode = files(scan).keySet().iterator().next();

    Path renamed = Files.move(file, directory.resolve("a.log.1"));

    assertThat(files(scan)).containsExactlyEntriesOf(Map.of(inode, renamed));
  }

  @ParameterizedTest
  @ValueSource(strings = {".hidden", "a.log.gz", "a.log.zst", "a.tmp", ".a.swp", "a.log~"})
  void hiddenCompressedAndTemporaryFilesAreIgnored(String name) throws IOException {
    create(name);
    assertThat(files(new DirectoryScan(directory, "*"))).isEmpty();
  }

  @Test
  void inADirectoryThePatternDecidesWhatIsWanted() {
    DirectoryScan scan = new DirectoryScan(directory, "*.log");
    assertThat(scan.isWanted(directory.resolve("a.log"))).isTrue();
    assertThat(scan.isWanted(directory.resolve("a.log.1"))).isFalse();
  }

  @Test
  void forASingleFileTheRestOfItsDirectoryIsListedButNotWanted() throws IOException {
    Path file = create("a.log");
    Path rotated = create("a.log.1");
    DirectoryScan scan = new DirectoryScan(file, "*");

    assertThat(files(scan).values()).containsExactly(file, rotated);
    assertThat(scan.isWanted(file)).isTrue();
    assertThat(scan.isWanted(rotated)).isFalse();
  }

  @Test
  void aFileThatDoesNotExistYetIsNoFailure() throws IOException {
    assertThat(files(new DirectoryScan(directory.resolve("a.log"), "*"))).isEmpty();
  }

  @Test
  void filesThatNobodyAsksForAreNotListed() throws IOException {
    Path a = create("a.log");
    create("b.log");
    assertThat(
            new DirectoryScan(directory, "*")
                .files((inode, path) -> path.equals(a), new Problems())
                .values())
        .containsExactly(a);
  }

  @Test
  void onlyRegularFilesAreListed() throws Exception {
    Path a = create("a.log");
    Files.createDirectory(directory.resolve("directory.log"));
    Files.createSymbolicLink(directory.resolve("dangling.log"), directory.resolve("nowhere"));
    Files.createSymbolicLink(directory.resolve("loop.log"), directory.resolve("loop.log"));
    assertThat(
            new ProcessBuilder("mkfifo", directory.resolve("fifo.log").toString())
                .start()
                .waitFor())
        .isZero();

    assertThat(files(new DirectoryScan(directory, "*")).values()).containsExactly(a);
  }
}
