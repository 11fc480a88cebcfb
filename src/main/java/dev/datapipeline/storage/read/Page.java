package dev.datapipeline.storage.read;

import java.util.List;

/**
 * A part of a longer list.
 *
 * @param rows in the order of the list
 * @param more whether rows may follow
 */
public record Page<T>(List<T> rows, boolean more) {

  /**
   * Returns the last row.
   *
   * @return not null; the page must not be empty
   */
  public T last() {
    return rows.get(rows.size() - 1);
  }
}
