package dev.datapipeline.source.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Optional;

/**
 * Splits a growing file into lines. In CSV, a quoted line break doesn't end a line. Memory is
 * bounded by the maximum line length. Not thread-safe.
 */
final class LineReader {

  /**
   * A line, or a part of a line that is too long.
   *
   * @param offset where it starts in the file
   * @param next where the next line starts
   * @param bytes its content without the line break
   * @param fault why it isn't a complete line; null if it is one
   */
  record Line(long offset, long next, byte[] bytes, String fault) {}

  private static final int CHUNK = 1 << 16;
  private static final byte[] EMPTY = {};
  private static final String REST = "the rest of a line that is too long";

  private final FileChannel file;
  private final int maxBytes;
  private final boolean quotes;

  /** The content of the file from {@link #position} on, as far as it has been read. */
  private byte[] buffer = EMPTY;

  private int filled;
  private long position;
  private boolean withinLine;

  /**
   * Starts reading at an offset. If no line break precedes it, the offset is inside a line.
   *
   * @param quotes whether quoted line breaks belong to the line, as in CSV
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

  /** Returns the offset of the next line. */
  long position() {
    return position;
  }

  /**
   * Returns the next line.
   *
   * @param acceptUnterminated whether to return a last line that has no line break yet
   * @return empty if the file doesn't contain another complete line yet
   */
  Optional<Line> next(boolean acceptUnterminated) throws IOException {
    int searched = 0;
    boolean quoted = false;
    while (true) {
      for (; searched < filled; searched++) {
        byte b = buffer[searched];
        if (b == '"' && quotes && !withinLine) {
          quoted = !quoted;
        } else if (b == '\n' && !quoted) {
          return Optional.of(cut(searched, 1, withinLine ? REST : null));
        }
        if (searched >= maxBytes) {
          return Optional.of(tooLong());
        }
      }
      if (!fill()) {
        if (!acceptUnterminated || filled == 0) {
          return Optional.empty();
        }
        return Optional.of(
            quoted
                ? firstLine("an opening quote is never closed")
                : cut(filled, 0, withinLine ? REST : null));
      }
    }
  }

  /**
   * Frees the buffer, because thousands of files may be open. An unfinished line is read again once
   * it is continued.
   */
  void release() {
    buffer = EMPTY;
    filled = 0;
  }

  private Line tooLong() {
    // if there is a line break, it was skipped because it was quoted
    if (indexOfLineBreak(maxBytes) >= 0) {
      return firstLine("an opening quote is not closed within %d bytes".formatted(maxBytes));
    }
    Line part =
        cut(
            maxBytes,
            0,
            "the line is longer than %d bytes; this is a part of it".formatted(maxBytes));
    withinLine = true;
    return part;
  }

  /** Ends the line at its first line break, which was wrongly treated as a quoted one. */
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
      buffer = Arrays.copyOf(buffer, Math.max(CHUNK, buffer.length * 2));
    }
    ByteBuffer free = ByteBuffer.wrap(buffer, filled, Math.min(CHUNK, buffer.length - filled));
    int read = file.read(free, position + filled);
    filled += Math.max(0, read);
    return read > 0;
  }
}
