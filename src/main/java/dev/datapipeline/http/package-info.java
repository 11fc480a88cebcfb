/**
 * Shared by all parts of the HTTP API: access rules, responses to failures, and query parameters.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.http.Access} decides who may read and who may write, before any
 *       resource is looked up.
 *   <li>{@link dev.datapipeline.http.ReadLimit} limits how many requests query the database.
 *   <li>{@link dev.datapipeline.http.Operator} checks the operator's credentials.
 *   <li>{@link dev.datapipeline.http.Problem} is the answer to every failed request.
 * </ul>
 *
 * <p>May use {@code config} and {@code failure}. Used by {@code api}, {@code api.intake} and the
 * class that starts the pipeline.
 */
package dev.datapipeline.http;
