/**
 * The vocabulary of failures and the one way to retry: {@link dev.datapipeline.failure.FailureKind}
 * decides what a failure calls for, {@link dev.datapipeline.failure.Retry} repeats a step until it
 * succeeds, {@link dev.datapipeline.failure.RepeatedTask} keeps a schedule alive, and {@link
 * dev.datapipeline.failure.FailureText} says in one line what went wrong.
 *
 * <p>Uses no other package. Every package may use it.
 */
package dev.datapipeline.failure;
