package dev.datapipeline.config;

import java.util.regex.Pattern;

/**
 * The format of the log. {@code server.xml} configures the server from the same variables.
 *
 * @param format of the console
 * @param accessLog whether each HTTP request is logged
 */
public record LogConfig(String format, boolean accessLog) {
  private static final Pattern FORMAT = Pattern.compile("SIMPLE|JSON");

  static LogConfig from(Settings settings) {
    return new LogConfig(
        settings.text("CONSOLE_LOG_FORMAT", FORMAT, "SIMPLE or JSON"), settings.flag("ACCESS_LOG"));
  }
}
