/**
 * Queries of what is stored, and the replay of dead letters.
 *
 * <p>May use {@code storage} and what it may use. Used by {@code api} and {@code api.live}.
 */
package dev.datapipeline.storage.read;
