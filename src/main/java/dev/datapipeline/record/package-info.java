/**
 * What travels between the packages: {@link dev.datapipeline.record.RecordRange}, a range of one
 * partition's records, and {@link dev.datapipeline.record.FilePosition}, the header with which the
 * source {@code file} tells how far it has read.
 *
 * <p>Uses no other package. Every package may use it.
 */
package dev.datapipeline.record;
