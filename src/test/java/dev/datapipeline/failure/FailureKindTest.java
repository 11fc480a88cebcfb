package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureKindTest {

  @ParameterizedTest
  @CsvSource({
    "22P02,VALUE", // invalid JSON
    "22021,VALUE", // a character that is not in the encoding
    "23514,VALUE", // a constraint
    "54001,VALUE", // nested too deeply
    "2200H,DEFECT", // a sequence has reached its end
    "22P03,DEFECT", // a column has another type
    "22P04,DEFECT",
    "08006,OUTAGE",
    "25006,OUTAGE", // a standby, after a failover
    "25P02,DEFECT",
    "25P03,OUTAGE", // idle in a transaction for too long
    "25P04,OUTAGE", // a transaction took too long
    "40P01,OUTAGE", // deadlock
    "53100,OUTAGE", // disk full
    "55P03,OUTAGE", // lock timeout
    "57P01,OUTAGE", // shutdown
    "58030,OUTAGE", // I/O error of the server
    "42P01,DEFECT", // no such table
    "42501,DEFECT", // no privilege
    "28P01,DEFECT", // wrong password
    "XX000,DEFECT"
  })
  void theSqlStateSaysWhatToDo(String sqlState, FailureKind expected) {
    Exception failure = new RuntimeException(new SQLException("x", sqlState));

    assertThat(FailureKind.of(failure)).isEqualTo(expected);
    assertThat(FailureKind.sqlState(failure)).isEqualTo(sqlState);
  }

  @Test
  void theInnermostSqlStateCounts() {
    SQLException outer = new SQLException("wrapped", "08000", new SQLException("x", "22P02"));

    assertThat(FailureKind.of(outer)).isEqualTo(FailureKind.VALUE);
  }

  @Test
  void noConnectionIsAnOutage() {
    assertThat(FailureKind.of(new RuntimeException(new SQLTransientConnectionException("x"))))
        .isEqualTo(FailureKind.OUTAGE);
  }

  @Test
  void anOutageIsFoundAmongTheCauses() {
    Exception outage = new OutageException("no answer", null) {};

    assertThat(FailureKind.of(new RuntimeException(outage))).isEqualTo(FailureKind.OUTAGE);
  }

  /** Such as a client of the HTTP API that has closed its connection. */
  @Test
  void anInputOutputErrorAloneIsNotTheDatabases() {
    Exception failure = new RuntimeException(new IOException("Broken pipe"));

    assertThat(FailureKind.of(failure)).isEqualTo(FailureKind.DEFECT);
    assertThat(FailureKind.sqlState(failure)).isNull();
    assertThat(FailureKind.of(new SQLException("x", "08006", new IOException("reset"))))
        .isEqualTo(FailureKind.OUTAGE);
  }

  @Test
  void theUnknownIsNeverTakenForABadValue() {
    assertThat(FailureKind.of(new IllegalStateException("x"))).isEqualTo(FailureKind.DEFECT);
    assertThat(FailureKind.of(new SQLException("no state"))).isEqualTo(FailureKind.DEFECT);
    assertThat(FailureKind.ofSqlState("22")).isEqualTo(FailureKind.DEFECT);
  }

  @Test
  void aCircleOfCausesEnds() {
    Exception one = new Exception("one");
    one.initCause(new Exception("two", one));

    assertThat(FailureKind.of(one)).isEqualTo(FailureKind.DEFECT);
  }
}
