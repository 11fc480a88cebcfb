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
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * One file that is open, from its first byte to its end, whatever it is called meanwhile. For one
 * thread; close it.
 */
final class FollowedFile implements AutoCloseable {
  private final Path path;
  private final long id;
  private final FileConfig config;
  private final Clock clock;
  private final FileChannel channel;
  private final LineReader reader;
  private LineFormat format;
  private Instant grewAt;
  private long size;

  FollowedFile(Path open, Path path, long id, long position, FileConfig config, Clock clock)
      throws IOException {
    this.path = path;
    this.id = id;
    this.config = config;
    this.clock = clock;
    this.grewAt = clock.instant();
    channel = FileChannel.open(open, StandardOpenOption.READ);
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

  long id() {
    return id;
  }

  long position() {
    return reader.position();
  }

  /** Returns the first bytes of the file, as many as there are up to a limit. */
  byte[] firstBytes(int limit) throws IOException {
    return firstBytes(channel, limit);
  }

  static byte[] firstBytes(FileChannel channel, int limit) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(limit);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
      // until there is no more
    }
    return java.util.Arrays.copyOf(bytes.array(), bytes.position());
  }

  long size() throws IOException {
    return channel.size();
  }

  /** Reads the names again, of a file of which the first line is behind. */
  private LineFormat header() throws IOException {
    Optional<Line> first = new LineReader(channel, 0, config.maxLineBytes(), true).next(true);
    try {
      return first.isPresent() && first.get().fault() == null
          ? new LineFormat.Csv(decode(withoutMark(first.get())))
          : null;
    } catch (UnparsableLineException | CharacterCodingException e) {
      return refusing("the header is not CSV: " + e.getMessage());
    }
  }

  private static LineFormat refusing(String reason) {
    return (bytes, text) -> {
      throw new UnparsableLineException(reason);
    };
  }

  /**
   * Reads on.
   *
   * @param events gets what was read
   * @param max no more events than these
   * @param maxBytes no more bytes, beyond the last event
   * @return how many bytes the events have
   */
  long read(List<Event> events, int max, long maxBytes) throws IOException {
    if (channel.size() != size) {
      size = channel.size();
      grewAt = clock.instant();
    }
    boolean endless = grewAt.plus(config.lastLineTimeout()).isBefore(clock.instant());
    long bytes = 0;
    while (events.size() < max && bytes < maxBytes) {
      Optional<Line> line = reader.next(endless);
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

  /** Returns the event of a line; empty if the line is, or if it is the header. */
  private Optional<Event> event(Line line) {
    byte[] bytes = withoutMark(line);
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
    } catch (UnparsableLineException e) {
      if (format == null) {
        format = refusing("the header is not CSV");
      }
      return Optional.of(unparsed(line, bytes, e.getMessage(), now, position));
    } catch (CharacterCodingException e) {
      if (format == null) {
        format = refusing("the header is not CSV");
      }
      return Optional.of(unparsed(line, bytes, "invalid UTF-8", now, position));
    }
  }

  /** Editors on some systems begin a file with a byte order mark, which belongs to no line. */
  private static byte[] withoutMark(Line line) {
    byte[] bytes = line.bytes();
    boolean marked =
        line.offset() == 0
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    return marked ? java.util.Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
  }

  private static String decode(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

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
