package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirectoryScanTest {
  @TempDir private Path directory;

  private Path create(String name) throws IOException {
    return Files.createFile(directory.resolve(name));
  }

  @Test
  void filesAreListedByNameWithTheirInodes() throws IOException {
    Path b = create("b.log");
    Path a = create("a.txt");
    Files.createDirectory(directory.resolve("c.log"));

    assertThat(new DirectoryScan(directory, "*.log").files().values()).containsExactly(a, b);
  }

  @Test
  void aRenamedFileKeepsItsInode() throws IOException {
    Path file = create("a.log");
    DirectoryScan scan = new DirectoryScan(directory, "*");
    Long inode = scan.files().keySet().iterator().next();

    Path renamed = Files.move(file, directory.resolve("a.log.1"));

    assertThat(scan.files()).containsExactlyEntriesOf(java.util.Map.of(inode, renamed));
  }

  @ParameterizedTest
  @ValueSource(strings = {".hidden", "a.log.gz", "a.log.zst", "a.tmp", ".a.swp", "a.log~"})
  void hiddenCompressedAndTemporaryFilesAreIgnored(String name) throws IOException {
    create(name);
    assertThat(new DirectoryScan(directory, "*").files()).isEmpty();
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

    assertThat(scan.files().values()).containsExactly(file, rotated);
    assertThat(scan.isWanted(file)).isTrue();
    assertThat(scan.isWanted(rotated)).isFalse();
  }

  @Test
  void aFileThatDoesNotExistYetIsNoFailure() throws IOException {
    assertThat(new DirectoryScan(directory.resolve("a.log"), "*").files()).isEmpty();
  }
}
