/**
 * Queries of stored events and dead letters, and the replay of dead letters.
 *
 * <p>May use {@code storage} and the packages that it may use. Used by {@code api} and {@code
 * api.live}.
 */
package dev.datapipeline.storage.read;
