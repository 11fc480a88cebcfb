/**
 * Where events come from. {@link dev.datapipeline.source.EventSource} is the extension point for
 * custom sources; {@link dev.datapipeline.source.ResumableSource} is for sources that can resume at
 * a stored position and whose events are sent in transactions. The package also contains the
 * sources {@code sensor}, {@code weblog} and {@code host}.
 *
 * <p>A source knows nothing about Kafka: it returns events when the producer asks for them. May use
 * {@code failure}, {@code config}, {@code metrics}, {@code record} and {@code storage}. Used by
 * {@code source.file} and {@code producer}.
 */
package dev.datapipeline.source;
