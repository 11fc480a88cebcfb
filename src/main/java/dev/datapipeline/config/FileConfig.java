package dev.datapipeline.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Settings of the {@code file} source.
 *
 * @param path the file or directory to follow; an empty path if the source doesn't run
 * @param pattern glob for the names of the files to follow in a directory
 * @param format format of the lines
 * @param reader name under which positions are stored; of several instances with the same name, one
 *     follows the files
 * @param maxLineBytes maximum length of a line; a longer one becomes several events
 * @param maxFiles maximum number of files that are open at once
 * @param lastLineTimeout how long to wait for the end of the last line before sending it anyway
 */
public record FileConfig(
    Path path,
    String pattern,
    Format format,
    String reader,
    int maxLineBytes,
    int maxFiles,
    Duration lastLineTimeout) {

  /** The format of a line. */
  public enum Format {
    /** A JSON document. */
    NDJSON,
    /** Comma-separated values, with the names of the fields in the first line. */
    CSV,
    /** A request in the combined log format of web servers. */
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
            "the file or directory that the source 'file' follows");
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
          settings.integer("FILE_MAX_FILES", 1, 100_000),
          settings.duration("FILE_LAST_LINE_TIMEOUT", Duration.ofSeconds(1), Duration.ofDays(1)));
    } catch (InvalidPathException e) {
      throw new InvalidSettingException("FILE_PATH", path, "a path");
    }
  }
}
