/**
 * The HTTP API for reading stored events, statistics and dead letters, and for controlling the
 * pipeline.
 *
 * <p>A class named {@code …Resource} maps one path of the API to the classes that do the work. It
 * answers with JSON that other classes write, because the dashboard's live feed shows the same
 * data:
 *
 * <ul>
 *   <li>{@link dev.datapipeline.api.PipelineDescription}: the state of the sources and the
 *       consumer.
 *   <li>{@link dev.datapipeline.api.PipelineNumbers}: counters since the start, and totals of the
 *       tables.
 *   <li>{@link dev.datapipeline.api.RowFormat}: events and dead letters.
 * </ul>
 *
 * <p>{@link dev.datapipeline.api.ApiDescription} completes the OpenAPI document with what all
 * operations have in common.
 *
 * <p>May use {@code http}, {@code health} and every package below them. Used by {@code api.live};
 * must not use {@code api.live} or {@code api.intake}.
 */
package dev.datapipeline.api;
