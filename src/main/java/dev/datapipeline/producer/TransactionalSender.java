package dev.datapipeline.producer;

import dev.datapipeline.broker.BacklogScan;
import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.KafkaClients;
import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.EventTime;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.EventSource;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.storage.FilePositions;
import dev.datapipeline.tracing.SendSpan;
import dev.datapipeline.tracing.Tracing;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Sends the events of a resumable source in Kafka transactions. Events of an aborted transaction
 * are read from the source again. Events that are committed but not stored yet are found on the
 * topic and not sent again. Not thread-safe.
 */
final class TransactionalSender implements EventSender {
  /** Limits how long a pause or a stop has to wait for a tick. */
  private static final int MAX_TRANSACTIONS_PER_TICK = 20;

  private final Function<String, Producer<String, byte[]>> producers;
  private final Function<String, FileProgress> unstoredPositions;
  private final PipelineMetrics metrics;
  private final Tracing tracing;
  private final InstantSource clock;
  private Producer<String, byte[]> producer;

  TransactionalSender(
      KafkaClients clients,
      Broker broker,
      FilePositions positions,
      PipelineMetrics metrics,
      Tracing tracing) {
    this(
        clients::transactionalProducer,
        topic -> unstoredPositions(topic, broker, positions, new BacklogScan(clients)),
        metrics,
        tracing,
        Clock.systemUTC());
  }

  /**
   * Creates a sender that uses the given connections.
   *
   * @param producers creates a producer with a transactional id
   * @param unstoredPositions returns, for a topic, the positions of events that are on the topic
   *     but not stored yet
   * @param clock tells when a record is sent
   */
  TransactionalSender(
      Function<String, Producer<String, byte[]>> producers,
      Function<String, FileProgress> unstoredPositions,
      PipelineMetrics metrics,
      Tracing tracing,
      InstantSource clock) {
    this.producers = producers;
    this.unstoredPositions = unstoredPositions;
    this.metrics = metrics;
    this.tracing = tracing;
    this.clock = clock;
  }

  /**
   * Scans the topic. The stored offsets are read first. Records that are stored during the scan are
   * then seen twice, which is harmless. In the reverse order they could be missed.
   */
  private static FileProgress unstoredPositions(
      String topic, Broker broker, FilePositions positions, BacklogScan scan) {
    UUID topicId =
        broker
            .topicId(topic)
            .orElseThrow(
                () -> new IllegalStateException("topic %s does not exist".formatted(topic)));
    FileProgress found = new FileProgress();
    try {
      scan.read(
          broker.partitions(topic),
          positions.storedOffsets(topicId),
          record -> found.add(record.headers()));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return found;
  }

  @Override
  public int send(EventSource source, SourceConfig config, SendResults results) {
    ResumableSource resumable = (ResumableSource) source;
    int sent = 0;
    try {
      for (int i = 0; i < MAX_TRANSACTIONS_PER_TICK; i++) {
        if (!resumable.claim()) {
          close();
          return sent;
        }
        if (producer == null) {
          open(resumable, config.topic());
        }
        List<Event> events = resumable.next(config.eventsPerTick());
        if (events.isEmpty()) {
          return sent;
        }
        sendTransaction(config.topic(), events, results);
        sent += events.size();
      }
      return sent;
    } catch (RuntimeException | Error e) {
      // without a producer, the next tick resumes the source before it asks for events
      close();
      throw e;
    }
  }

  private void sendTransaction(String topic, List<Event> events, SendResults results) {
    SendSpan span = tracing.sending(topic);
    try {
      producer.beginTransaction();
      for (Event event : events) {
        ProducerRecord<String, byte[]> record =
            EventTime.record(topic, event.timestamp(), clock.instant(), event.key(), event.json());
        if (event.position() != null) {
          record.headers().add(FilePosition.HEADER, event.position().toBytes());
        }
        span.addTo(record.headers());
        producer.send(record);
      }
      // waits for all records, and throws if one of them failed
      producer.commitTransaction();
      span.end(events.size(), null);
    } catch (RuntimeException | Error e) {
      span.end(0, FailureText.reason(e));
      metrics.eventsNotSent(events.size());
      results.notSent(events.size(), FailureText.reason(e));
      throw e;
    }
    results.sent(events.size());
    for (int i = 0; i < events.size(); i++) {
      metrics.eventSent();
    }
  }

  /** Aborts a transaction that an earlier process left open, and resumes the source. */
  private void open(ResumableSource source, String topic) {
    Producer<String, byte[]> opened = producers.apply(source.transactionalId());
    try {
      opened.initTransactions();
      source.resume(unstoredPositions.apply(topic));
    } catch (RuntimeException | Error e) {
      opened.close(Duration.ZERO);
      throw e;
    }
    producer = opened;
  }

  private void close() {
    if (producer != null) {
      producer.close(Duration.ZERO);
      producer = null;
    }
  }

  @Override
  public void stop() {
    close();
  }
}
