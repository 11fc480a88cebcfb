package dev.datapipeline.source.file;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that changes only when a test advances it. */
final class SettableClock implements InstantSource {
  private Instant now = Instant.parse("2026-01-15T10:17:16.857Z");

  void advance(Duration time) {
    now = now.plus(time);
  }

  @Override
  public Instant instant() {
    return now;
  }
}
