/**
 * Data passed between the stages of the pipeline: {@link dev.datapipeline.record.RecordRange}, a
 * range of one partition's records, with {@link dev.datapipeline.record.Absence}, why an offset
 * holds none; {@link dev.datapipeline.record.LogMark}, which identifies a log; {@link
 * dev.datapipeline.record.OversizedRecord}, a record that is too large to be stored; {@link
 * dev.datapipeline.record.FilePosition}, the record header in which the source {@code file} says
 * how far it has read, and {@link dev.datapipeline.record.FileProgress}, what such headers say
 * together; and {@link dev.datapipeline.record.EventTime}, the record header for the time of an old
 * event.
 *
 * <p>Uses no other package. Every package from {@code tracing} upward may use it.
 */
package dev.datapipeline.record;
