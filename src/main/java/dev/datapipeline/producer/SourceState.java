package dev.datapipeline.producer;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A snapshot of a running source.
 *
 * @param name the source's name
 * @param topic the topic of its events
 * @param interval time from the start of one tick to the start of the next
 * @param eventsPerTick maximum number of events per tick
 * @param paused whether its timer is paused
 * @param sent number of events acknowledged by the broker since the application started
 * @param notSent number of events that could not be sent since the application started
 * @param lastTick start of the most recent tick; empty before the first one
 * @param lastError the most recent failure of the source, or of one of its events if the source
 *     itself never failed; one line; empty if nothing has failed
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
