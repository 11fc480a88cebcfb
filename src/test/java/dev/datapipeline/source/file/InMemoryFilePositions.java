package dev.datapipeline.source.file;

import dev.datapipeline.storage.FilePositions;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Keeps the positions of one reader in memory instead of in the database. */
final class InMemoryFilePositions extends FilePositions {
  private final InstantSource clock;
  private final Map<Long, KnownFile> files = new TreeMap<>();
  private UUID holder;
  private Instant leaseUntil = Instant.MIN;
  private int statements;
  private SQLException failure;

  InMemoryFilePositions(InstantSource clock) {
    this.clock = clock;
  }

  /** Moves a position, as the transaction that stores a line does. */
  void stored(long id, long next) {
    KnownFile file = files.get(id);
    files.put(
        id,
        new KnownFile(
            id, file.path(), file.inode(), file.fingerprint(), file.fingerprintLength(), next));
  }

  void failWith(SQLException newFailure) {
    failure = newFailure;
  }

  int statements() {
    return statements;
  }

  private void statement() throws SQLException {
    statements++;
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public boolean acquireLease(String reader, UUID newHolder, Duration duration)
      throws SQLException {
    statement();
    Instant now = clock.instant();
    if (holder != null && !holder.equals(newHolder) && !leaseUntil.isBefore(now)) {
      return false;
    }
    holder = newHolder;
    leaseUntil = now.plus(duration);
    return true;
  }

  @Override
  public void releaseLease(String reader, UUID formerHolder) throws SQLException {
    statement();
    if (formerHolder.equals(holder)) {
      holder = null;
    }
  }

  @Override
  public List<KnownFile> files(String reader) throws SQLException {
    statement();
    return new ArrayList<>(files.values());
  }

  @Override
  public long add(String reader, KnownFile file) throws SQLException {
    statement();
    long id = 1 + files.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
    files.put(
        id,
        new KnownFile(
            id,
            file.path(),
            file.inode(),
            file.fingerprint(),
            file.fingerprintLength(),
            file.next()));
    return id;
  }

  @Override
  public void fingerprint(long id, byte[] fingerprint, int length) throws SQLException {
    statement();
    KnownFile file = files.get(id);
    files.put(id, new KnownFile(id, file.path(), file.inode(), fingerprint, length, file.next()));
  }

  @Override
  public void end(long id) throws SQLException {
    statement();
    files.remove(id);
  }
}
