package dev.datapipeline.failure;

import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** What a failure calls for. */
public enum FailureKind {
  /** A value can't be stored, now or later. Isolate it and write it to the dead letters. */
  VALUE,
  /** The database or the broker is unavailable or busy. Wait and retry. */
  OUTAGE,
  /** A schema, a privilege or something unknown. Report it, and retry slowly until it is fixed. */
  DEFECT;

  /**
   * Classifies a failure.
   *
   * @param failure not null; an {@link OutageException}, or its causes are searched for an SQLSTATE
   * @return never null
   */
  public static FailureKind of(Throwable failure) {
    return failure instanceof OutageException ? OUTAGE : ofSqlState(sqlState(failure));
  }

  static FailureKind ofSqlState(String sqlState) {
    if (sqlState == null || sqlState.length() != 5) {
      return DEFECT;
    }
    return switch (sqlState.substring(0, 2)) {
      // data exception, integrity constraint, program limit exceeded (nesting, size)
      case "22", "23", "54" -> VALUE;
      // connection, rollback (deadlock, serialization), resources, lock or state, operator, system
      case "08", "40", "53", "55", "57", "58" -> OUTAGE;
      default -> DEFECT;
    };
  }

  /**
   * Returns the SQLSTATE of a database failure.
   *
   * @param failure not null
   * @return the innermost SQLSTATE; {@code 08001} if no connection was available, {@code 08006} if
   *     one broke; null if there is none
   */
  public static String sqlState(Throwable failure) {
    String found = null;
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable cause = failure; cause != null && seen.add(cause); cause = cause.getCause()) {
      if (cause instanceof SQLException e && e.getSQLState() != null) {
        found = e.getSQLState();
      } else if (found == null && cause instanceof SQLTransientConnectionException) {
        found = "08001";
      } else if (found == null && cause instanceof IOException) {
        found = "08006";
      }
    }
    return found;
  }
}
