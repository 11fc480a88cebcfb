package peer;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row. */
@Entity
@Table(name = "peer_jakarta")
public class Event {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;

  private Instant timestamp;
  private String payload;

  @Column(name = "topic_partition_id")
  private int partition;

  @Column(name = "kafka_offset")
  private long offset;

  protected Event() {}

  Event(Instant timestamp, String payload, int partition, long offset) {
    this.timestamp = timestamp;
    this.payload = payload;
    this.partition = partition;
    this.offset = offset;
  }
}
