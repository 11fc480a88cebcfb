package dev.datapipeline.backends;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Thrown if a backend could not be started, stopped or reached. The message gives the reason. */
public final class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int TAIL_LINES = 40;

  BackendException(String message) {
    super(message);
  }

  BackendException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Creates an exception whose message ends with the last lines of each log. */
  static BackendException withLogs(String message, Path... logs) {
    StringBuilder text = new StringBuilder(message);
    for (Path log : logs) {
      List<String> lines = lines(log);
      if (!lines.isEmpty()) {
        text.append("\n--- the end of ").append(log).append(":\n");
        text.append(String.join("\n", lines));
      }
    }
    return new BackendException(text.toString());
  }

  private static List<String> lines(Path log) {
    try {
      // not Files.readAllLines, which fails for bytes that are not valid UTF-8
      List<String> lines =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
      return lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
    } catch (IOException e) {
      return List.of();
    }
  }
}
