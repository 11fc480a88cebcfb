package dev.datapipeline.api;

import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventReader;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;

/** Writes the pipeline's counters and the totals of its tables as JSON. Thread-safe. */
@ApplicationScoped
public class PipelineNumbers {
  private final PipelineMetrics metrics;
  private final EventReader events;
  private final DeadLetterRepository deadLetters;

  /** Required by CDI for client proxies; do not call. */
  protected PipelineNumbers() {
    this(null, null, null);
  }

  @Inject
  PipelineNumbers(PipelineMetrics metrics, EventReader events, DeadLetterRepository deadLetters) {
    this.metrics = metrics;
    this.events = events;
    this.deadLetters = deadLetters;
  }

  /**
   * Returns what this instance has done since it started.
   *
   * @return the object {@code sinceStart}
   */
  public JsonObject sinceStart() {
    return sinceStart(metrics.counts());
  }

  static JsonObject sinceStart(PipelineMetrics.Counts counts) {
    return Json.createObjectBuilder()
        .add("sent", counts.sent())
        .add("notSent", counts.notSent())
        .add("stored", counts.stored())
        .add("skipped", counts.skipped())
        .add("deadLettered", counts.deadLettered())
        .add("retries", counts.retries())
        .build();
  }

  /**
   * Returns how many events and waiting dead letters the database holds. Queries the database.
   *
   * @return the object {@code database}
   */
  public JsonObject database() {
    return database(events.total(), deadLetters.waiting());
  }

  static JsonObject database(EventReader.Total events, long waitingDeadLetters) {
    return Json.createObjectBuilder()
        .add("events", events.events())
        .add("estimated", events.estimated())
        .add("deadLetters", waitingDeadLetters)
        .build();
  }

  /**
   * Rounds a number to one decimal place.
   *
   * @param number a rate or a mean
   * @return the rounded number
   */
  public static double rounded(double number) {
    return Math.round(number * 10) / 10.0;
  }
}
