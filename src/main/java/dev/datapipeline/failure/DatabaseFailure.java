package dev.datapipeline.failure;

import java.sql.SQLException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** What a failure of the database calls for, by its SQLSTATE. */
public enum DatabaseFailure {
  /** A value cannot be stored, now or later: find it and put it into the dead letters. */
  VALUE,
  /** The database is away or busy: wait and try the same again. */
  OUTAGE,
  /** Schema, privilege or something unknown: say why, and try again slowly until it is mended. */
  DEFECT;

  /**
   * Classifies a failure.
   *
   * @param failure not null; its causes are searched for a SQLSTATE
   * @return never null; {@link #OUTAGE} for a failure to get a connection
   */
  public static DatabaseFailure of(Throwable failure) {
    return ofSqlState(sqlState(failure));
  }

  static DatabaseFailure ofSqlState(String sqlState) {
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
   * Returns the SQLSTATE that the database gave.
   *
   * @param failure not null
   * @return the innermost one; {@code 08001} if no connection could be had; null if there is none
   */
  public static String sqlState(Throwable failure) {
    String found = null;
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable cause = failure; cause != null && seen.add(cause); cause = cause.getCause()) {
      if (cause instanceof SQLException e && e.getSQLState() != null) {
        found = e.getSQLState();
      } else if (found == null && cause instanceof java.sql.SQLTransientConnectionException) {
        found = "08001";
      } else if (found == null && cause instanceof java.io.IOException) {
        found = "08006";
      }
    }
    return found;
  }
}
