/**
 * Takes events that clients post to {@code /api/events} and hands them to the producer.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.api.intake.PostedEventsResource} is the operation and its limit of
 *       concurrent requests.
 *   <li>{@code PostRequest} serves one request: {@code BodyFormat} recognizes the format, {@code
 *       DocumentReader} splits the body into events, {@code JsonCheck} and {@code CloudEvent}
 *       validate them, and {@code Posting} sends them and waits for the broker.
 * </ul>
 *
 * <p>May use {@code http}, {@code producer}, {@code tracing}, {@code config} and {@code failure}.
 * No other package uses this one.
 */
package dev.datapipeline.api.intake;
