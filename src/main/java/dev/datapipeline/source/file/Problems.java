package dev.datapipeline.source.file;

import dev.datapipeline.failure.FailureText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files that can't be followed at the moment, which doesn't stop the others. Not thread-safe.
 */
final class Problems {
  private final Map<Path, String> unreadable = new LinkedHashMap<>();
  private int skipped;

  /** Adds a file that can't be read. */
  void add(Path file, Exception cause) {
    unreadable.put(file, FailureText.reason(cause));
  }

  /** Forgets the files that were skipped in the previous scan. */
  void scanBegins() {
    skipped = 0;
  }

  /** Adds a file that is not followed because too many others are, if it should be followed. */
  void addSkipped(boolean wanted) {
    skipped += wanted ? 1 : 0;
  }

  void clear() {
    unreadable.clear();
    skipped = 0;
  }

  /** Describes all of them in one line; empty if there are none. */
  Optional<String> text() {
    List<String> texts = new ArrayList<>();
    if (!unreadable.isEmpty()) {
      Map.Entry<Path, String> first = unreadable.entrySet().iterator().next();
      texts.add(
          "cannot read %s%s (%s)"
              .formatted(
                  first.getKey(),
                  unreadable.size() == 1
                      ? ""
                      : " and %d other files".formatted(unreadable.size() - 1),
                  first.getValue()));
    }
    if (skipped > 0) {
      texts.add(
          "%d more files are not followed, because FILE_MAX_FILES files are".formatted(skipped));
    }
    return texts.isEmpty()
        ? Optional.empty()
        : Optional.of(FailureText.oneLine(String.join("; ", texts)));
  }
}
