package dev.datapipeline.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The {@code file} source.
 *
 * @param path the file or the directory; empty text if the source does not run
 * @param pattern which files of the directory, as a glob on the name
 * @param format what the lines are
 * @param reader the name under which positions are kept; instances that share it share the files
 * @param maxLineBytes a longer line becomes several events
 * @param lastLineTimeout how long a last line without an end is waited for
 */
public record FileConfig(
    Path path,
    String pattern,
    Format format,
    String reader,
    int maxLineBytes,
    Duration lastLineTimeout) {

  /** What a line of a file is. */
  public enum Format {
    /** A JSON document. */
    NDJSON,
    /** Fields separated by commas, with the names in the first line. */
    CSV,
    /** A request, in the combined format of web servers. */
    COMBINED
  }

  private static final Pattern PATTERN = Pattern.compile("[^/]{1,255}");
  private static final Pattern FORMAT = Pattern.compile("ndjson|csv|combined");
  private static final Pattern READER = Pattern.compile("[a-zA-Z0-9._-]{1,100}");

  static FileConfig from(Settings settings) {
    boolean runs =
        ProducerConfig.from(settings).sources().stream()
            .anyMatch(source -> source.name().equals("file"));
    String path =
        settings.text(
            "FILE_PATH",
            runs ? Pattern.compile(".+") : Pattern.compile(".*"),
            "the file or the directory that the source file follows");
    try {
      return new FileConfig(
          Path.of(path),
          settings.text("FILE_PATTERN", PATTERN, "a glob without /, such as *.log"),
          Format.valueOf(
              settings
                  .text("FILE_FORMAT", FORMAT, "one of ndjson, csv, combined")
                  .toUpperCase(Locale.ROOT)),
          settings.text("FILE_READER", READER, "1 to 100 of the characters a-z A-Z 0-9 . _ -"),
          settings.integer("FILE_MAX_LINE_BYTES", 1024, 1 << 24),
          settings.duration("FILE_LAST_LINE_TIMEOUT", Duration.ofSeconds(1), Duration.ofDays(1)));
    } catch (InvalidPathException e) {
      throw new InvalidSettingException("FILE_PATH", path, "a path");
    }
  }
}
