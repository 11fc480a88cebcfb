/**
 * The start of the application: {@link dev.datapipeline.PipelineStarter} starts the parts of the
 * pipeline in the order in which they depend on each other.
 *
 * <p>May use every other package. No other package may use this one.
 */
package dev.datapipeline;
