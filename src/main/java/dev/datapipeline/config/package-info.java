/**
 * The settings of the application: one immutable record per concern, read from MicroProfile Config
 * and checked against its bounds before anything else starts.
 *
 * <p>A new setting needs a default in {@code META-INF/microprofile-config.properties}, a component
 * in one of the records here, and a row in {@code docs/configuration.md}.
 *
 * <p>Uses only {@code failure}. Every other package except {@code failure} may use it.
 */
package dev.datapipeline.config;
