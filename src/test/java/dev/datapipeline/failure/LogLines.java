package dev.datapipeline.failure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Collects what a class logs during a test, each line after its level. Thread-safe. */
public final class LogLines extends Handler implements BeforeEachCallback, AfterEachCallback {
  private final Logger logger;
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

  public LogLines(Class<?> type) {
    logger = Logger.getLogger(type.getName());
  }

  public List<String> lines() {
    return lines;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    logger.setLevel(Level.INFO);
    logger.addHandler(this);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    logger.removeHandler(this);
    logger.setLevel(null);
  }

  @Override
  public void publish(LogRecord line) {
    lines.add(line.getLevel() + " " + line.getMessage());
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
