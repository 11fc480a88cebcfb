package dev.datapipeline.storage.read;

import java.util.List;

/** Limits the rows of a page by their number and by their bytes. Not thread-safe. */
final class PageSpace {
  /** The most that the payloads of a page take, or one row if it is larger. */
  static final long MAX_BYTES = 4L << 20;

  private int rows;
  private long bytes;
  private boolean full;

  /**
   * Creates the space of one page.
   *
   * @param maxRows the maximum number of rows, 1 or more
   */
  PageSpace(int maxRows) {
    rows = maxRows;
  }

  /** Returns how many rows may still be added. */
  int rows() {
    return rows;
  }

  /** Returns whether the page can take no further row. */
  boolean isFull() {
    return full || rows == 0;
  }

  /**
   * Takes the space for the first of some rows.
   *
   * @param sizes the size of each row in bytes
   * @return how many of them fit
   */
  int take(List<? extends Number> sizes) {
    int taken = 0;
    for (Number size : sizes) {
      if (rows == 0 || (bytes > 0 && bytes + size.longValue() > MAX_BYTES)) {
        full = true;
        break;
      }
      bytes += size.longValue();
      rows--;
      taken++;
    }
    return taken;
  }
}
