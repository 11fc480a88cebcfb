package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.Fingerprint;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.file.LineFormat.Content;
import dev.datapipeline.source.file.LineFormat.UnparsableLineException;
import dev.datapipeline.source.file.LineReader.Line;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Reads events from an open file that may still grow. Renaming or deleting the file doesn't matter.
 * Not thread-safe; must be closed.
 */
final class FileTail implements AutoCloseable {
  private final String path;
  private final FileConfig config;
  private final InstantSource clock;
  private final InstantSource steady;
  private final FileChannel channel;
  private final LineReader reader;
  private LineFormat format;
  private FilePosition identity;
  private Instant grewAt;
  private long size;

  /** The size of the file when it last had no complete line to read. */
  private long exhaustedAt = -1;

  /**
   * Opens a file.
   *
   * @param present where the file is now
   * @param start what the file is, and the offset of the first line to read; events name its path
   *     as their origin
   * @param clock tells the time of events that have none
   * @param steady measures how long the last line has not grown
   */
  FileTail(
      Path present,
      FilePosition start,
      FileConfig config,
      InstantSource clock,
      InstantSource steady)
      throws IOException {
    this.path = start.path();
    this.identity = start;
    this.config = config;
    this.clock = clock;
    this.steady = steady;
    this.grewAt = steady.instant();
    channel = FileChannel.open(present, StandardOpenOption.READ);
    try {
      boolean csv = config.format() == FileConfig.Format.CSV;
      reader = new LineReader(channel, start.next(), config.maxLineBytes(), csv);
      format =
          switch (config.format()) {
            case NDJSON -> new LineFormat.NdJson();
            case COMBINED -> new LineFormat.Combined();
            case CSV -> header(start.next());
          };
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Returns the offset of the next line to read. */
  long position() {
    return reader.position();
  }

  /** Changes what events say about the file. */
  void identify(FilePosition newIdentity) {
    identity = newIdentity;
  }

  /** Returns the first bytes of the file, fewer than the limit if the file is shorter. */
  byte[] firstBytes(int limit) throws IOException {
    return firstBytes(channel, limit);
  }

  /** Returns as many bytes from the start of a file as a fingerprint covers. */
  static byte[] firstBytes(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return firstBytes(channel, Fingerprint.MAX_BYTES);
    }
  }

  private static byte[] firstBytes(FileChannel channel, int limit) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(limit);
    int read;
    do {
      read = channel.read(bytes, bytes.position());
    } while (read > 0 && bytes.hasRemaining());
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  long size() throws IOException {
    return channel.size();
  }

  /**
   * Returns the format that the CSV header before a position gives; null if it is still to come.
   */
  private LineFormat header(long position) throws IOException {
    LineReader start = new LineReader(channel, 0, config.maxLineBytes(), true);
    LineFormat found = null;
    while (found == null && start.position() < position) {
      Optional<Line> line = start.next(true);
      if (line.isEmpty()) {
        break;
      }
      found = header(line.get());
    }
    return found;
  }

  /** Returns the format that a line gives as the CSV header; null for a blank line. */
  private static LineFormat header(Line line) {
    try {
      if (line.fault() != null) {
        throw new UnparsableLineException(line.fault());
      }
      String text = decode(withoutByteOrderMark(line));
      return text.isBlank() ? null : new LineFormat.Csv(text);
    } catch (UnparsableLineException | CharacterCodingException e) {
      return refusing("the header is not valid CSV: " + reason(e));
    }
  }

  private static String reason(Exception e) {
    return e instanceof CharacterCodingException ? "invalid UTF-8" : e.getMessage();
  }

  /** Returns a format that can't parse any line, because the header is unusable. */
  private static LineFormat refusing(String reason) {
    return (bytes, text) -> {
      throw new UnparsableLineException(reason);
    };
  }

  /**
   * Reads the next events, as far as the file holds complete lines.
   *
   * @param events the list to add the events to
   * @param max maximum size of the list
   * @param maxBytes reading stops when the events' JSON reaches this size; the last event may
   *     exceed it
   * @return the size of the events' JSON in bytes
   */
  long read(List<Event> events, int max, long maxBytes) throws IOException {
    if (channel.size() != size) {
      size = channel.size();
      grewAt = steady.instant();
    }
    boolean acceptUnterminated = grewAt.plus(config.lastLineTimeout()).isBefore(steady.instant());
    if (size <= reader.position() || (size == exhaustedAt && !acceptUnterminated)) {
      return 0;
    }
    long bytes = 0;
    while (events.size() < max && bytes < maxBytes) {
      Optional<Line> line = reader.next(acceptUnterminated);
      if (line.isEmpty()) {
        exhaustedAt = size;
        reader.release();
        break;
      }
      Optional<Event> event = event(line.get());
      if (event.isPresent()) {
        events.add(event.get());
        bytes += event.get().json().length;
      }
    }
    return bytes;
  }

  /** Returns the event for a line; empty for a blank line and for the CSV header. */
  private Optional<Event> event(Line line) {
    byte[] bytes = withoutByteOrderMark(line);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    FilePosition position = identity.at(line.next());
    try {
      if (line.fault() != null) {
        throw new UnparsableLineException(line.fault());
      }
      String text = decode(bytes);
      if (text.isBlank()) {
        return Optional.empty();
      }
      if (format == null) {
        format = new LineFormat.Csv(text);
        return Optional.empty();
      }
      Content content = format.parse(bytes, text);
      return Optional.of(
          new Event(
              path,
              content.timestamp() == null ? now : content.timestamp(),
              content.json(),
              position));
    } catch (UnparsableLineException | CharacterCodingException e) {
      if (format == null) {
        format = header(line);
      }
      return Optional.of(unparsed(line, bytes, reason(e), now, position));
    }
  }

  /** Removes the byte order mark that some editors write at the start of a file. */
  private static byte[] withoutByteOrderMark(Line line) {
    byte[] bytes = line.bytes();
    boolean marked =
        line.offset() == 0
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
  }

  private static String decode(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Wraps a line that could not be parsed, with the reason, so that nothing is lost. */
  private Event unparsed(
      Line line, byte[] bytes, String reason, Instant now, FilePosition position) {
    JsonObjectBuilder unparsed =
        LineFormat.JSON
            .createObjectBuilder()
            .add("file", path)
            .add("offset", line.offset())
            .add("reason", reason);
    try {
      unparsed.add("raw", decode(bytes));
    } catch (CharacterCodingException e) {
      unparsed
          .add("raw", new String(bytes, StandardCharsets.UTF_8))
          .add("raw_base64", Base64.getEncoder().encodeToString(bytes));
    }
    String json =
        LineFormat.JSON
            .createObjectBuilder()
            .add("timestamp", now.toString())
            .add("unparsed", unparsed)
            .build()
            .toString();
    return new Event(path, now, json.getBytes(StandardCharsets.UTF_8), position);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
