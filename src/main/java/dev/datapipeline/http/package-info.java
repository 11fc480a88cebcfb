/**
 * What every part of the HTTP API shares: who may call it, how failures are answered, and how query
 * parameters are read.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.http.Access} decides who may read and who may write, before any
 *       resource is looked up.
 *   <li>{@link dev.datapipeline.http.Operator} checks the operator's credentials.
 *   <li>{@link dev.datapipeline.http.Problem} is the answer to every failed request.
 * </ul>
 *
 * <p>May use {@code config} and {@code failure}. Used by {@code api}, {@code api.intake} and {@code
 * api.live}; must not use any of them.
 */
package dev.datapipeline.http;
