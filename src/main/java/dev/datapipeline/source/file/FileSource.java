package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.storage.FilePositions;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Follows a file, or the files of a directory, and turns each line into an event. Of several
 * instances that share a reader name, the holder of the lease follows the files. Thread-safe.
 */
@ApplicationScoped
public class FileSource implements ResumableSource {
  /** Limit for the JSON that one call of {@link #next} returns. */
  private static final long MAX_BYTES = 4L << 20;

  private final String transactionalId;
  private final FileReaderLease lease;
  private final FileRegistry registry;

  /** Required by CDI for client proxies; do not call. */
  protected FileSource() {
    transactionalId = null;
    lease = null;
    registry = null;
  }

  /**
   * Creates a source; opens no file yet.
   *
   * @param config which files to follow, and the format of their lines
   * @param kafka the consumer group, which is part of the transactional id
   * @param positions the stored positions of the files
   */
  @Inject
  public FileSource(FileConfig config, KafkaConfig kafka, FilePositions positions) {
    this(config, kafka, positions, Clock.systemUTC(), SteadyClock.INSTANCE);
  }

  FileSource(
      FileConfig config,
      KafkaConfig kafka,
      FilePositions positions,
      InstantSource clock,
      InstantSource steady) {
    transactionalId = "%s-file-%s".formatted(kafka.groupId(), config.reader());
    lease = new FileReaderLease(config.reader(), positions, steady);
    registry = new FileRegistry(config, positions, clock, steady);
  }

  @Override
  public String name() {
    return "file";
  }

  @Override
  public String transactionalId() {
    return transactionalId;
  }

  @Override
  public synchronized boolean claim() {
    try {
      boolean held = lease.acquire();
      if (!held) {
        // the source is resumed before it reads again
        registry.close();
      }
      return held;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized void resume(FileProgress unstored) {
    try {
      registry.load(unstored);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized List<Event> next(int max) {
    List<Event> events = new ArrayList<>();
    try {
      registry.refresh();
      long bytes = 0;
      for (FileTail file : registry.openFiles()) {
        try {
          bytes += file.read(events, max, MAX_BYTES - bytes);
        } catch (IOException e) {
          registry.failed(file, e);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return events;
  }

  @Override
  public synchronized Optional<String> problem() {
    return registry.problem();
  }

  @PreDestroy
  synchronized void stop() {
    registry.close();
    lease.release();
  }
}
