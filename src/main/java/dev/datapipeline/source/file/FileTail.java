package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.record.FilePosition;
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
  private final Path path;
  private final long id;
  private final FileConfig config;
  private final InstantSource clock;
  private final FileChannel channel;
  private final LineReader reader;
  private LineFormat format;
  private Instant grewAt;
  private long size;

  /**
   * Opens a file.
   *
   * @param present where the file is now
   * @param path the path that events name as their origin
   * @param id the file's id in the database
   * @param position offset of the first line to read
   */
  FileTail(Path present, Path path, long id, long position, FileConfig config, InstantSource clock)
      throws IOException {
    this.path = path;
    this.id = id;
    this.config = config;
    this.clock = clock;
    this.grewAt = clock.instant();
    channel = FileChannel.open(present, StandardOpenOption.READ);
    try {
      boolean csv = config.format() == FileConfig.Format.CSV;
      reader = new LineReader(channel, position, config.maxLineBytes(), csv);
      format =
          switch (config.format()) {
            case NDJSON -> new LineFormat.NdJson();
            case COMBINED -> new LineFormat.Combined();
            case CSV -> position > 0 ? header() : null;
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

  /** Returns the first bytes of the file, fewer than the limit if the file is shorter. */
  byte[] firstBytes(int limit) throws IOException {
    return Fingerprint.firstBytes(channel, limit);
  }

  long size() throws IOException {
    return channel.size();
  }

  /** Reads the CSV header of a file whose position is already after its first line. */
  private LineFormat header() throws IOException {
    Optional<Line> first = new LineReader(channel, 0, config.maxLineBytes(), true).next(true);
    try {
      return first.isPresent() && first.get().fault() == null
          ? new LineFormat.Csv(decode(withoutByteOrderMark(first.get())))
          : null;
    } catch (UnparsableLineException | CharacterCodingException e) {
      return refusing("the header is not valid CSV: " + e.getMessage());
    }
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
      grewAt = clock.instant();
    }
    boolean acceptUnterminated = grewAt.plus(config.lastLineTimeout()).isBefore(clock.instant());
    long bytes = 0;
    while (events.size() < max && bytes < maxBytes) {
      Optional<Line> line = reader.next(acceptUnterminated);
      if (line.isEmpty()) {
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
    FilePosition position = new FilePosition(id, line.next());
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
              path.toString(),
              content.timestamp() == null ? now : content.timestamp(),
              content.json(),
              position));
    } catch (UnparsableLineException | CharacterCodingException e) {
      if (format == null) {
        format = refusing("the header is not valid CSV");
      }
      String reason = e instanceof CharacterCodingException ? "invalid UTF-8" : e.getMessage();
      return Optional.of(unparsed(line, bytes, reason, now, position));
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
            .add("file", path.toString())
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
    return new Event(path.toString(), now, json.getBytes(StandardCharsets.UTF_8), position);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
