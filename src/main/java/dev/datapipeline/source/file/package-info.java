/**
 * The source {@code file}: follows log files and directories and turns each line into an event.
 *
 * <ul>
 *   <li>{@code FileSource} is the source. It delegates to the other classes.
 *   <li>{@code FileReaderLease} decides which of several instances follows the files.
 *   <li>{@code DirectoryScan} lists the files that exist; {@code FileRegistry} recognizes them
 *       after renaming, copying and truncation; {@code Problems} are those that can't be followed.
 *   <li>{@code FollowedFile} is the state of one file; {@code FileTail} reads events from it.
 *   <li>{@code LineReader} splits a file into lines; {@code LineFormat} parses a line.
 * </ul>
 *
 * <p>May use {@code source} and the packages that it may use; {@code storage} keeps the positions.
 * The only public class is a CDI bean, which {@code producer} finds through {@code EventSource}. No
 * other package uses this one.
 */
package dev.datapipeline.source.file;
