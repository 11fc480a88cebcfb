package dev.datapipeline.it;

import dev.datapipeline.backends.Backends;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** The broker and the database that all tests of a run share; empty at first, on free ports. */
final class TestBackends {
  private static Backends backends;

  private TestBackends() {}

  static synchronized Backends get() {
    if (backends == null) {
      Path directory = ServerDirectory.TARGET.resolve("it/backends");
      delete(directory);
      backends = new Backends(directory, 0, 0);
      // everybody may do everything, until a test denies something; and what a producer that died
      // has left open does not hold up readers for long
      backends
          .kafka()
          .properties(
              Map.of(
                  "authorizer.class.name",
                  "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                  "allow.everyone.if.no.acl.found",
                  "true",
                  "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                  "1000"));
      backends.start(System.out);
    }
    return backends;
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
