package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.http.ProblemException;
import dev.datapipeline.storage.read.EventReader;
import java.time.OffsetDateTime;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;

/** What holds for every value of the parameter {@code after}. */
class EventCursorPropertyTest {
  @Provide
  Arbitrary<OffsetDateTime> times() {
    return RowFormatPropertyTest.times();
  }

  @Property(tries = 500)
  void everyCursorThatTheServerGivesLeadsBackToItsEvent(
      @ForAll("times") OffsetDateTime time,
      @ForAll @LongRange(min = 1, max = 999_999_999_999_999_999L) long id) {
    String cursor = EventCursor.after(Rows.event(id, time, "1"));

    assertThat(cursor).as("needs no encoding in an address").matches("[a-z0-9-]+");
    assertThat(EventCursor.parse(cursor)).isEqualTo(new EventReader.Position(time, id));
  }

  @Property(tries = 500)
  void anyOtherTextIsAPositionOrABadRequest(@ForAll("almostCursors") String text) {
    try {
      EventReader.Position position = EventCursor.parse(text);
      assertThat(EventCursor.after(Rows.event(position.id(), position.timestamp(), "1")))
          .as("a position that the database can be asked for")
          .isNotNull();
    } catch (ProblemException e) {
      assertThat(e.getResponse().getStatus()).isEqualTo(400);
      assertThat((String) e.getResponse().getEntity()).contains("after must be");
    }
  }

  @Provide
  Arbitrary<String> almostCursors() {
    return Arbitraries.oneOf(
        Arbitraries.strings().ofMaxLength(200),
        Arbitraries.strings().withChars("0123456789-infty+e. ").ofMaxLength(45),
        Combinators.combine(
                Arbitraries.of("-infinity", "infinity", "-", "", "٣"),
                Arbitraries.strings().numeric().ofMaxLength(21),
                Arbitraries.strings().numeric().ofMaxLength(21))
            .as((start, one, other) -> start + one + "-" + other));
  }
}
