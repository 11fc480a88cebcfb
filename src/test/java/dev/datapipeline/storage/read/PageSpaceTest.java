package dev.datapipeline.storage.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PageSpaceTest {
  private static final long MAX = PageSpace.MAX_BYTES;

  @Test
  void aPageIsFullWithItsNumberOfRows() {
    PageSpace space = new PageSpace(2);

    assertThat(space.take(List.of(1))).isEqualTo(1);
    assertThat(space.isFull()).isFalse();
    assertThat(space.take(List.of(1))).isEqualTo(1);
    assertThat(space.isFull()).isTrue();
  }

  @Test
  void aPageEndsBeforeTheRowThatWouldExceedItsBytes() {
    PageSpace space = new PageSpace(100);

    assertThat(space.take(List.of(MAX - 1, 1L, 1L))).isEqualTo(2);
    assertThat(space.isFull()).isTrue();
  }

  @Test
  void theFirstRowFitsWhateverItsSize() {
    PageSpace space = new PageSpace(100);

    assertThat(space.take(List.of(MAX * 4, 1L))).isEqualTo(1);
    assertThat(space.isFull()).isTrue();
  }

  @Test
  void bytesAreCountedOverAllSlices() {
    PageSpace space = new PageSpace(100);

    assertThat(space.take(List.of(MAX))).isEqualTo(1);
    assertThat(space.isFull()).isFalse();
    assertThat(space.take(List.of(1L))).isZero();
    assertThat(space.isFull()).isTrue();
  }
}
