/**
 * OpenTelemetry traces from the sender of a record to the transaction that stored it. Off by
 * default.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.tracing.Tracing} begins spans and reads trace contexts from record
 *       headers.
 *   <li>{@link dev.datapipeline.tracing.SendSpan} is the span of records that are sent together.
 *   <li>{@link dev.datapipeline.tracing.StoreSpan} is the span of a batch that is stored.
 * </ul>
 *
 * <p>May use {@code record}. Used by {@code producer}, {@code consumer} and {@code api.intake}.
 */
package dev.datapipeline.tracing;
