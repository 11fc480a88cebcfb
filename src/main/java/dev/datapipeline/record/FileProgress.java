package dev.datapipeline.record;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * How far files have been read, according to the headers of some records. A header that isn't
 * well-formed says nothing. Not thread-safe.
 */
public final class FileProgress {
  /** In version 1 a header held a row number and an offset. */
  private static final int NUMBERED_BYTES = 2 * Long.BYTES;

  /** Headers that contradict each other about a file don't hide each other. */
  private record Key(UUID file, String reader, long inode, Fingerprint fingerprint) {}

  private final Map<Key, FilePosition> positions = new HashMap<>();
  private final SortedMap<Long, Long> numbered = new TreeMap<>();

  /**
   * Adds what a record says.
   *
   * @param headers the record's headers
   */
  public void add(Headers headers) {
    Header header = headers.lastHeader(FilePosition.HEADER);
    if (header == null || header.value() == null) {
      return;
    }
    if (header.value().length == NUMBERED_BYTES) {
      ByteBuffer bytes = ByteBuffer.wrap(header.value());
      long row = bytes.getLong();
      numbered.merge(row, Math.max(0, bytes.getLong()), Math::max);
    } else {
      FilePosition.of(header.value()).ifPresent(this::add);
    }
  }

  /**
   * Adds a position.
   *
   * @param position the position
   */
  public void add(FilePosition position) {
    positions.merge(
        new Key(position.file(), position.reader(), position.inode(), position.fingerprint()),
        position,
        (one, other) -> other.next() >= one.next() ? other : one);
  }

  /**
   * Returns the largest position of each file. A file whose fingerprint has changed is there twice.
   *
   * @return in the order of the ids, so that concurrent transactions lock rows in the same order
   */
  public List<FilePosition> positions() {
    return positions.values().stream().sorted(Comparator.comparing(FilePosition::file)).toList();
  }

  /**
   * Returns the largest positions that records of version 1 hold.
   *
   * @return by row number in {@code file_positions}
   */
  public SortedMap<Long, Long> numbered() {
    return numbered;
  }
}
