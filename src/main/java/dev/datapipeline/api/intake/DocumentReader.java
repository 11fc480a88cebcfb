package dev.datapipeline.api.intake;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a request's body into documents while it arrives. Holds only one document in memory, and
 * returns its bytes as they were sent. Does not check whether a document is valid JSON. Not
 * thread-safe.
 */
final class DocumentReader {
  private static final int END = -1;
  private static final int BUFFER = 1 << 16;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final InputStream in;
  private final boolean lines;
  private final int maxBytes;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Place place = Place.BEGINNING;
  private int line = 1;
  private int skipped;

  private enum Place {
    BEGINNING,
    FIRST_ELEMENT,
    ELEMENT,
    END
  }

  /**
   * One document of the body.
   *
   * @param line the line on which it begins, counted from 1
   * @param bytes its bytes as they were sent, without the white space around it
   */
  record Document(int line, byte[] bytes) {}

  /** Thrown if the body cannot be split into documents. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final boolean tooLarge;

    UnreadableException(int line, boolean tooLarge, String message) {
      super(message);
      this.line = line;
      this.tooLarge = tooLarge;
    }

    /** Returns the line of the document that cannot be read. */
    int line() {
      return line;
    }

    /** Returns whether the reason is the size of the document. */
    boolean isTooLarge() {
      return tooLarge;
    }
  }

  /**
   * Creates a reader.
   *
   * @param in the body
   * @param lines whether each line is a document; otherwise each element of an array is a document,
   *     and anything else is one document
   * @param maxBytes the largest size of a document
   */
  DocumentReader(InputStream in, boolean lines, int maxBytes) {
    this.in = new BufferedInputStream(in, BUFFER);
    this.lines = lines;
    this.maxBytes = maxBytes;
  }

  /**
   * Returns the next document.
   *
   * @return null at the end of the body
   */
  Document next() throws IOException, UnreadableException {
    skipped = 0;
    if (place == Place.BEGINNING) {
      skipByteOrderMark();
    }
    if (lines) {
      place = Place.ELEMENT;
      return nextLine();
    }
    return switch (place) {
      case BEGINNING -> first();
      case FIRST_ELEMENT, ELEMENT -> element();
      case END -> null;
    };
  }

  private void skipByteOrderMark() throws IOException {
    in.mark(BYTE_ORDER_MARK.length);
    if (!Arrays.equals(in.readNBytes(BYTE_ORDER_MARK.length), BYTE_ORDER_MARK)) {
      in.reset();
    }
  }

  private Document nextLine() throws IOException, UnreadableException {
    while (true) {
      int begin = line;
      bytes.reset();
      int next;
      while ((next = read()) != END && next != '\n') {
        keep(next, begin);
      }
      byte[] document = withoutSpace();
      if (document.length > 0) {
        return new Document(begin, document);
      }
      if (next == END) {
        return null;
      }
      skip(bytes.size() + 1);
    }
  }

  private Document first() throws IOException, UnreadableException {
    int next = afterSpace();
    if (next == '[') {
      place = Place.FIRST_ELEMENT;
      return element();
    }
    int begin = line;
    bytes.reset();
    while (next != END) {
      keep(next, begin);
      next = read();
    }
    place = Place.END;
    byte[] document = withoutSpace();
    return document.length == 0 ? null : new Document(begin, document);
  }

  private Document element() throws IOException, UnreadableException {
    int next = afterSpace();
    int begin = line;
    if (next == ']' && place == Place.FIRST_ELEMENT) {
      return end();
    }
    place = Place.ELEMENT;
    bytes.reset();
    int depth = 0;
    boolean inString = false;
    boolean escaped = false;
    while (depth > 0 || inString || (next != ',' && next != ']')) {
      if (next == END) {
        throw new UnreadableException(line, false, "the array is not closed");
      }
      keep(next, begin);
      if (inString) {
        inString = escaped || next != '"';
        escaped = !escaped && next == '\\';
      } else if (next == '"') {
        inString = true;
      } else if (next == '[' || next == '{') {
        depth++;
      } else if (next == ']' || next == '}') {
        depth--;
      }
      next = read();
    }
    byte[] document = withoutSpace();
    if (document.length == 0) {
      throw new UnreadableException(begin, false, "an element of the array is missing");
    }
    if (next == ']') {
      end();
    }
    return new Document(begin, document);
  }

  private Document end() throws IOException, UnreadableException {
    if (afterSpace() != END) {
      throw new UnreadableException(line, false, "unexpected content after the array");
    }
    place = Place.END;
    return null;
  }

  private int afterSpace() throws IOException, UnreadableException {
    int next;
    do {
      next = read();
      skip(1);
    } while (isSpace(next));
    return next;
  }

  /** Limits consecutive white space, which would otherwise be read forever. */
  private void skip(int space) throws UnreadableException {
    skipped += space;
    if (skipped > maxBytes) {
      throw new UnreadableException(
          line, true, "more than %d bytes of white space".formatted(maxBytes));
    }
  }

  private int read() throws IOException {
    int next = in.read();
    if (next == '\n') {
      line++;
    }
    return next;
  }

  private void keep(int next, int begin) throws UnreadableException {
    if (bytes.size() == maxBytes) {
      throw new UnreadableException(
          begin, true, "the event is larger than %d bytes".formatted(maxBytes));
    }
    bytes.write(next);
  }

  private static boolean isSpace(int next) {
    return next == ' ' || next == '\t' || next == '\r' || next == '\n';
  }

  private byte[] withoutSpace() {
    byte[] all = bytes.toByteArray();
    int from = 0;
    int to = all.length;
    while (from < to && isSpace(all[from])) {
      from++;
    }
    while (to > from && isSpace(all[to - 1])) {
      to--;
    }
    return Arrays.copyOfRange(all, from, to);
  }
}
