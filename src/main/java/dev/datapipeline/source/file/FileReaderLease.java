package dev.datapipeline.source.file;

import dev.datapipeline.storage.FilePositions;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The right of one instance to follow the files of a reader, kept as a row in the database. Not
 * thread-safe.
 */
final class FileReaderLease {
  private static final Logger LOG = Logger.getLogger(FileReaderLease.class.getName());

  /**
   * A holder that doesn't renew its lease for this long is considered dead. If it only hangs, Kafka
   * fences its transactions as soon as another instance starts its own.
   */
  private static final Duration DURATION = Duration.ofSeconds(10);

  private static final Duration RENEWAL_INTERVAL = Duration.ofSeconds(2);

  private final String reader;
  private final FilePositions positions;
  private final InstantSource steady;
  private final UUID holder = UUID.randomUUID();
  private Instant renewedAt = Instant.EPOCH;
  private boolean held;

  FileReaderLease(String reader, FilePositions positions, InstantSource steady) {
    this.reader = reader;
    this.positions = positions;
    this.steady = steady;
  }

  /**
   * Acquires the lease, or renews it if the last renewal was some time ago.
   *
   * @return false while another instance holds it
   */
  boolean acquire() throws SQLException {
    Instant now = steady.instant();
    if (held && now.isBefore(renewedAt.plus(RENEWAL_INTERVAL))) {
      return true;
    }
    boolean wasHeld = held;
    held = positions.acquireLease(reader, holder, DURATION);
    renewedAt = now;
    if (held != wasHeld) {
      LOG.info(
          held
              ? "this instance follows the files of reader " + reader
              : "another instance follows the files of reader " + reader);
    }
    return held;
  }

  /** Releases the lease if it is held. If the database doesn't answer, the lease expires. */
  void release() {
    if (held) {
      held = false;
      try {
        positions.releaseLease(reader, holder);
      } catch (SQLException | RuntimeException e) {
        LOG.log(Level.FINE, "lease not released; it expires", e);
      }
    }
  }
}
