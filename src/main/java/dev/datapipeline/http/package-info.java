/**
 * Shared by all parts of the HTTP API: access rules, responses to failures, and query parameters.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.http.Access} decides who may read and who may write, before any
 *       resource is looked up.
 *   <li>{@link dev.datapipeline.http.ReadLimit} limits how many requests query the database.
 *   <li>{@link dev.datapipeline.http.Users} checks names and passwords.
 *   <li>{@link dev.datapipeline.http.ActionLog} records what operators do.
 *   <li>{@link dev.datapipeline.http.Problem} is the answer to every failed request.
 * </ul>
 *
 * <p>May use {@code failure}, {@code config}, {@code metrics} and {@code storage.read}. Used by
 * {@code api}, {@code api.intake} and the class that starts the pipeline.
 */
package dev.datapipeline.http;
