package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundedDeserializerTest {
  private static final byte[] TWO_MIB = new byte[2 << 20];

  private final BoundedDeserializer deserializer = new BoundedDeserializer();

  @AfterEach
  void pollEnds() {
    BoundedDeserializer.pollEnded();
  }

  @Test
  void aPollThatHasBroughtEnoughIsCutShort() {
    deserializer.deserialize("t", TWO_MIB);
    deserializer.deserialize("t", TWO_MIB);

    assertThatThrownBy(() -> deserializer.deserialize("t", TWO_MIB))
        .isInstanceOf(SerializationException.class);
    assertThatThrownBy(() -> deserializer.deserialize("t", TWO_MIB))
        .isInstanceOf(SerializationException.class);

    BoundedDeserializer.pollEnded();
    assertThat(deserializer.deserialize("t", TWO_MIB)).isSameAs(TWO_MIB);
  }

  @Test
  void theFirstRecordOfAPollPassesWhateverItsSize() {
    byte[] large = new byte[16 << 20];
    assertThat(deserializer.deserialize("t", large)).isSameAs(large);
    assertThat(deserializer.deserialize("t", null)).isNull();
  }

  @Test
  void aPollThatNeverEndedDoesNotBlockTheNextOne() {
    deserializer.deserialize("t", TWO_MIB);
    deserializer.deserialize("t", TWO_MIB);
    assertThatThrownBy(() -> deserializer.deserialize("t", TWO_MIB)).isNotNull();
    assertThatThrownBy(() -> deserializer.deserialize("t", TWO_MIB)).isNotNull();

    assertThat(deserializer.deserialize("t", TWO_MIB)).isSameAs(TWO_MIB);
  }
}
