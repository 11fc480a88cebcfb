package dev.datapipeline.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Writes records within the caller's transaction. */
interface RecordWriter {

  /** Takes for granted that PostgreSQL accepts everything; fails for the batch if it does not. */
  RecordWriter OPTIMISTIC =
      (connection, records) -> {
        RawEventCopy.write(connection, records);
        return 0;
      };

  /** Finds out which records PostgreSQL does not accept, and writes them to the dead letters. */
  RecordWriter ISOLATING = (connection, records) -> new PoisonIsolation(connection).write(records);

  /**
   * Writes records to {@code raw_events} or {@code dead_letters}.
   *
   * @return how many went to the dead letters
   */
  long write(Connection connection, List<StorableRecord> records) throws SQLException;
}
