package dev.datapipeline.storage;

import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Converter;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/**
 * Converts times by their distance from 1970. Without it, the provider goes through the fields of a
 * local time, which don't tell whether a year is BC, so {@code -infinity} becomes a time in the far
 * future.
 */
@Converter
public class TimestampConverter implements AttributeConverter<OffsetDateTime, Timestamp> {

  @Override
  public Timestamp convertToDatabaseColumn(OffsetDateTime time) {
    return time == null ? null : Timestamp.from(time.toInstant());
  }

  @Override
  public OffsetDateTime convertToEntityAttribute(Timestamp time) {
    return time == null ? null : time.toInstant().atOffset(ZoneOffset.UTC);
  }
}
