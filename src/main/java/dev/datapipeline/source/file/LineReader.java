package dev.datapipeline.source.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Optional;

/**
 * Cuts a growing file into lines; in CSV a line may go on behind a line break in quotes. Holds no
 * more than one line of the allowed length. For one thread.
 */
final class LineReader {

  /**
   * A line, or a part of one that is too long.
   *
   * @param offset where it begins in the file
   * @param next where the next one begins
   * @param bytes without the line break
   * @param fault why it is not a whole line; null if it is
   */
  record Line(long offset, long next, byte[] bytes, String fault) {}

  private static final int CHUNK = 1 << 16;

  private final FileChannel file;
  private final int maxBytes;
  private final boolean quotes;

  /** What was read of the file from {@link #position} on. */
  private byte[] buffer = new byte[CHUNK];

  private int filled;
  private long position;
  private boolean withinLine;

  /**
   * Begins at an offset. Behind anything but a line break it is taken to be within a line.
   *
   * @param quotes whether line breaks in quotes belong to the line
   */
  LineReader(FileChannel file, long position, int maxBytes, boolean quotes) throws IOException {
    this.file = file;
    this.maxBytes = maxBytes;
    this.quotes = quotes;
    this.position = position;
    if (position > 0) {
      ByteBuffer before = ByteBuffer.allocate(1);
      withinLine = file.read(before, position - 1) == 1 && before.get(0) != '\n';
    }
  }

  /** Returns where the next line begins. */
  long position() {
    return position;
  }

  /**
   * Returns the next line.
   *
   * @param endless whether a last line without a line break is taken as it is
   * @return empty if the file does not hold a whole one yet
   */
  Optional<Line> next(boolean endless) throws IOException {
    int searched = 0;
    boolean quoted = false;
    while (true) {
      for (; searched < filled; searched++) {
        byte b = buffer[searched];
        if (b == '"' && quotes && !withinLine) {
          quoted = !quoted;
        } else if (b == '\n' && !quoted) {
          return Optional.of(
              cut(searched, 1, withinLine ? "what follows on a part of a line" : null));
        }
        if (searched >= maxBytes) {
          return Optional.of(tooLong());
        }
      }
      if (!fill()) {
        if (!endless || filled == 0) {
          return Optional.empty();
        }
        return Optional.of(
            quoted
                ? firstLine("a quote is opened and never closed")
                : cut(filled, 0, withinLine ? "what follows on a part of a line" : null));
      }
    }
  }

  private Line tooLong() {
    // a line break that was passed by was within quotes
    if (indexOfLineBreak(maxBytes) >= 0) {
      return firstLine("a quote is opened and not closed within %d bytes".formatted(maxBytes));
    }
    Line part = cut(maxBytes, 0, "the line is longer than %d bytes; a part".formatted(maxBytes));
    withinLine = true;
    return part;
  }

  /** The line break was not within quotes after all. */
  private Line firstLine(String fault) {
    int lineBreak = indexOfLineBreak(filled);
    return lineBreak >= 0 ? cut(lineBreak, 1, fault) : cut(filled, 0, fault);
  }

  private int indexOfLineBreak(int end) {
    for (int i = 0; i < end; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private Line cut(int length, int lineBreak, String fault) {
    int end = lineBreak > 0 && length > 0 && buffer[length - 1] == '\r' ? length - 1 : length;
    int taken = length + lineBreak;
    Line line = new Line(position, position + taken, Arrays.copyOf(buffer, end), fault);
    System.arraycopy(buffer, taken, buffer, 0, filled - taken);
    filled -= taken;
    position += taken;
    withinLine = lineBreak == 0;
    return line;
  }

  private boolean fill() throws IOException {
    if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
    }
    ByteBuffer free = ByteBuffer.wrap(buffer, filled, Math.min(CHUNK, buffer.length - filled));
    int read = file.read(free, position + filled);
    filled += Math.max(0, read);
    return read > 0;
  }
}
