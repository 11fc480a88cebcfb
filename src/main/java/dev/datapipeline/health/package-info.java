/**
 * The current state of the pipeline: health checks, gauges, lag, and a periodic log line. {@link
 * dev.datapipeline.health.PipelineMonitor} probes the database and the broker in its own threads.
 * The health checks and gauges only read the last answers, so they never hang and change nothing.
 *
 * <p>May use {@code consumer}, {@code producer} and every package below them. Used by {@code api},
 * {@code api.live} and the class that starts the pipeline.
 */
package dev.datapipeline.health;
