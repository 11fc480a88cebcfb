package dev.datapipeline.producer;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What is known of a source that runs, at one moment.
 *
 * @param name the source's name
 * @param topic where its events go
 * @param interval from the start of one tick to the start of the next
 * @param eventsPerTick how many events it is asked for at each tick
 * @param paused whether ticks are left out until it is resumed
 * @param sent its events that the broker has acknowledged since the start
 * @param notSent its events that could not be sent since the start
 * @param lastTick when its last tick began; empty before the first one
 * @param lastError why the source failed last, or why an event of it was not sent, in one line;
 *     empty if nothing went wrong
 */
public record SourceState(
    String name,
    String topic,
    Duration interval,
    int eventsPerTick,
    boolean paused,
    long sent,
    long notSent,
    Optional<Instant> lastTick,
    Optional<String> lastError) {}
