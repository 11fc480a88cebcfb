package dev.datapipeline.source.file;

import dev.datapipeline.record.FilePosition;
import dev.datapipeline.storage.FilePositions;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Keeps the positions of one reader in memory instead of in the database. */
final class InMemoryFilePositions extends FilePositions {
  private final InstantSource clock;
  private final Map<UUID, KnownFile> files = new HashMap<>();
  private UUID holder;
  private Instant leaseUntil = Instant.MIN;
  private int statements;
  private SQLException failure;

  InMemoryFilePositions(InstantSource clock) {
    this.clock = clock;
  }

  /** Stores a position, as the transaction that stores a line does. */
  void stored(FilePosition position) {
    KnownFile known = files.get(position.file());
    if (known == null || known.position().next() <= position.next()) {
      files.put(position.file(), new KnownFile(position, known != null && known.ended()));
    }
  }

  /** Returns the content, which {@link #restore} brings back. */
  Map<UUID, KnownFile> backup() {
    return Map.copyOf(files);
  }

  void restore(Map<UUID, KnownFile> backup) {
    files.clear();
    files.putAll(backup);
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
  public void adoptNumbered(String reader, Map<Long, Long> numbered) throws SQLException {
    statement();
  }

  @Override
  public List<KnownFile> files(String reader, int max, Collection<UUID> ids) throws SQLException {
    statement();
    List<KnownFile> newest =
        files.values().stream()
            .filter(file -> !file.ended())
            .sorted(
                Comparator.<KnownFile, UUID>comparing(file -> file.position().file()).reversed())
            .limit(max)
            .toList();
    return files.values().stream()
        .filter(file -> newest.contains(file) || ids.contains(file.position().file()))
        .toList();
  }

  @Override
  public List<KnownFile> filesWithInodes(String reader, Collection<Long> inodes)
      throws SQLException {
    statement();
    return files.values().stream()
        .filter(file -> !file.ended() && inodes.contains(file.position().inode()))
        .toList();
  }

  @Override
  public void add(FilePosition position) throws SQLException {
    statement();
    stored(position);
  }

  @Override
  public void end(String reader, long inode) throws SQLException {
    statement();
    files.replaceAll(
        (id, file) ->
            new KnownFile(file.position(), file.ended() || file.position().inode() == inode));
  }
}
