package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.Timestamps;
import java.time.OffsetDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventCursorTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-01-15T10:17:17.817123Z",
        "1969-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "+294276-12-31T23:59:59.999999Z",
        "-4713-11-24T00:00:00Z"
      })
  void aCursorLeadsBackToItsEvent(String time) {
    OffsetDateTime timestamp = OffsetDateTime.parse(time);

    assertThat(EventCursor.parse(EventCursor.after(Rows.event(timestamp, "1"))))
        .isEqualTo(new EventReader.Position(timestamp, 7));
  }

  @Test
  void theFirstPageHasNoCursor() {
    assertThat(EventCursor.parse(null)).isNull();
  }

  @Test
  void aPageMayEndWithAnInfiniteTimestamp() {
    for (OffsetDateTime infinity : List.of(Timestamps.INFINITY, Timestamps.MINUS_INFINITY)) {
      assertThat(EventCursor.parse(EventCursor.after(Rows.event(infinity, "1"))))
          .isEqualTo(new EventReader.Position(infinity, 7));
    }
  }
}
