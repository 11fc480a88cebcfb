/**
 * Writes batches of records into PostgreSQL, each in one transaction with the positions of its
 * partitions. {@link dev.datapipeline.storage.BatchWriter} decides what to write, {@link
 * dev.datapipeline.storage.RawEventCopy} writes it, and {@link
 * dev.datapipeline.storage.PoisonIsolation} separates the records that PostgreSQL refuses. {@link
 * dev.datapipeline.storage.Violation} tells whether a constraint is about a value, and {@link
 * dev.datapipeline.storage.StalledSessions} ends sessions of instances that hang. {@link
 * dev.datapipeline.storage.Migrations} keeps the schema up to date.
 *
 * <p>May use {@code failure}, {@code config}, {@code metrics} and {@code record}. Used by {@code
 * storage.read}, {@code source.file}, {@code producer}, {@code consumer}, {@code api} and the class
 * that starts the pipeline. Queries belong in {@code storage.read}.
 */
package dev.datapipeline.storage;
