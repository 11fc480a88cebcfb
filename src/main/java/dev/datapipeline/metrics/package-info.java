/**
 * Counters and timings of the pipeline: the metrics behind {@code /metrics}, and the same numbers
 * as exact totals and rates for health, the dashboard and the log. Names and buckets of metrics are
 * part of the public interface.
 *
 * <p>May use {@code failure} and {@code config}. Every package above it may use it. {@code
 * storage}, {@code consumer} and {@code producer} only report numbers; {@code health} and the API
 * read them.
 */
package dev.datapipeline.metrics;
