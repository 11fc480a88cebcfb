/**
 * What is true of the pipeline now. {@link dev.datapipeline.health.PipelineMonitor} asks the
 * database and the broker in threads of its own; the health checks and gauges only read what it
 * found, so that none of them hangs or changes anything.
 *
 * <p>May use {@code consumer}, {@code producer} and everything below them. Used by {@code api},
 * {@code api.live} and the start.
 */
package dev.datapipeline.health;
