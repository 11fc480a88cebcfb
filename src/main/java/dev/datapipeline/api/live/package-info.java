/**
 * The dashboard's live feed: server-sent events at {@code /api/live}.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.api.live.LiveServlet} accepts clients.
 *   <li>{@link dev.datapipeline.api.live.LiveFeed} computes the updates, once for all clients.
 *   <li>{@code Viewers} keeps the recent updates and sends them to each {@code Viewer}, which never
 *       blocks.
 *   <li>{@code Sampler} takes a sample every second, {@code History} keeps those of the last day,
 *       and {@code NewestRows} reads the tables.
 * </ul>
 *
 * <p>May use {@code api} except its resources, and the packages that {@code api} may use. Only the
 * class that starts the pipeline uses this package.
 */
package dev.datapipeline.api.live;
