package dev.datapipeline.failure;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** What a failure calls for. */
public enum FailureKind {
  /**
   * A value was refused. Isolate the record and write it to the dead letters, unless the database's
   * schema is to blame.
   */
  VALUE,
  /** The database or the broker is unavailable or busy. Wait and retry. */
  OUTAGE,
  /** A schema, a privilege or something unknown. Report it, and retry slowly until it is fixed. */
  DEFECT;

  /**
   * Classifies a failure.
   *
   * @param failure not null; it and its causes are searched for an {@link OutageException} and an
   *     SQLSTATE
   * @return never null
   */
  public static FailureKind of(Throwable failure) {
    return chain(failure).stream().anyMatch(OutageException.class::isInstance)
        ? OUTAGE
        : ofSqlState(sqlState(failure));
  }

  static FailureKind ofSqlState(String sqlState) {
    if (sqlState == null || sqlState.length() != 5) {
      return DEFECT;
    }
    return switch (sqlState) {
      // An exhausted sequence, and a column whose type is not the one that COPY writes
      case "2200H", "22P03", "22P04" -> DEFECT;
      // A standby after a failover, and transactions that the server ended because they were late
      case "25006", "25P03", "25P04" -> OUTAGE;
      default ->
          switch (sqlState.substring(0, 2)) {
            // data exception, integrity constraint, program limit exceeded (nesting, size)
            case "22", "23", "54" -> VALUE;
            // connection, rollback (deadlock, serialization), resources, lock or state, operator,
            // system
            case "08", "40", "53", "55", "57", "58" -> OUTAGE;
            default -> DEFECT;
          };
    };
  }

  /**
   * Returns the SQLSTATE of a database failure.
   *
   * @param failure not null
   * @return the innermost SQLSTATE; {@code 08001} if no connection was available; null if there is
   *     none
   */
  public static String sqlState(Throwable failure) {
    String found = null;
    for (Throwable cause : chain(failure)) {
      if (cause instanceof SQLException e && e.getSQLState() != null) {
        found = e.getSQLState();
      } else if (found == null && cause instanceof SQLTransientConnectionException) {
        found = "08001";
      }
    }
    return found;
  }

  /** Returns a failure and its causes, the innermost last. */
  private static List<Throwable> chain(Throwable failure) {
    List<Throwable> chain = new ArrayList<>();
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable cause = failure; cause != null && seen.add(cause); cause = cause.getCause()) {
      chain.add(cause);
    }
    return chain;
  }
}
