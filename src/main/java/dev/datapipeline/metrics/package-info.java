/**
 * What the pipeline counts and measures: the metrics behind {@code /metrics}, and the same numbers
 * as exact totals and rates for health, the dashboard and the log. Names and buckets of metrics are
 * part of the public interface.
 *
 * <p>May use {@code failure} and {@code config}. Every package above may use it; the packages that
 * do the work report here and read nothing back.
 */
package dev.datapipeline.metrics;
