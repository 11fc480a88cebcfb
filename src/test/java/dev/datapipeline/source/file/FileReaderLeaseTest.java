package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FileReaderLeaseTest {
  private final SettableClock clock = new SettableClock();
  private final InMemoryFilePositions positions = new InMemoryFilePositions(clock);
  private final FileReaderLease first = new FileReaderLease("reader", positions, clock);
  private final FileReaderLease second = new FileReaderLease("reader", positions, clock);

  @Test
  void oneInstanceHoldsTheLease() throws SQLException {
    assertThat(first.acquire()).isTrue();
    assertThat(second.acquire()).isFalse();
  }

  @Test
  void theLeaseIsRenewedEveryTwoSeconds() throws SQLException {
    first.acquire();
    first.acquire();
    assertThat(positions.statements()).isEqualTo(1);

    clock.advance(Duration.ofSeconds(2));
    first.acquire();
    assertThat(positions.statements()).isEqualTo(2);
  }

  @Test
  void aLeaseThatIsNotRenewedPassesToAnotherInstance() throws SQLException {
    first.acquire();
    clock.advance(Duration.ofSeconds(10));
    assertThat(second.acquire()).isFalse();

    clock.advance(Duration.ofMillis(1));

    assertThat(second.acquire()).isTrue();
    assertThat(first.acquire()).isFalse();
  }

  @Test
  void aReleasedLeasePassesToAnotherInstanceAtOnce() throws SQLException {
    first.acquire();
    first.release();
    assertThat(second.acquire()).isTrue();
  }

  @Test
  void anInstanceWithoutTheLeaseReleasesNothing() throws SQLException {
    first.acquire();
    second.acquire();
    second.release();
    assertThat(second.acquire()).isFalse();
  }

  @Test
  void whileTheDatabaseIsAwayThereIsNoAnswer() throws SQLException {
    first.acquire();
    clock.advance(Duration.ofSeconds(2));
    positions.failWith(new SQLException("away"));

    assertThatThrownBy(first::acquire).hasMessage("away");
    assertThatCode(first::release).doesNotThrowAnyException();
  }
}
