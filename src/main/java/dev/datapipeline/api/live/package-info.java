/**
 * The dashboard's live feed: server-sent events at {@code /api/live}.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.api.live.LiveServlet} accepts clients.
 *   <li>{@link dev.datapipeline.api.live.LiveFeed} computes each update once and sends it to every
 *       {@code Viewer}.
 *   <li>{@code Sampler} takes the rates of the last second, and {@code NewestRows} reads the
 *       tables.
 * </ul>
 *
 * <p>May use {@code api} except its resources, and the stages of the pipeline. Only the
 * application's start uses this package.
 */
package dev.datapipeline.api.live;
