package dev.datapipeline.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.record.EventTime;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.record.Fingerprint;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.tracing.Tracing;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

class TransactionalSenderTest {
  private static final FileProgress UNSTORED = new FileProgress();
  private static final Instant NOW = Instant.parse("2026-01-15T10:17:16.857Z");
  private static final SourceConfig CONFIG =
      new SourceConfig("file", "topic", Duration.ofSeconds(1), 2);

  /** Numbers its events, and starts again at 1 when it is resumed. */
  private static final class FakeSource implements ResumableSource {
    private final List<FileProgress> resumed = new ArrayList<>();
    private boolean claimed = true;
    private int available;
    private Instant time = NOW;
    private int next;
    private Error error;

    @Override
    public String name() {
      return "file";
    }

    @Override
    public String transactionalId() {
      return "group-file-reader";
    }

    @Override
    public boolean claim() {
      return claimed;
    }

    @Override
    public void resume(FileProgress positions) {
      resumed.add(positions);
      next = 0;
    }

    @Override
    public List<Event> next(int max) {
      List<Event> events = new ArrayList<>();
      while (events.size() < max && next < available) {
        next++;
        byte[] json = Integer.toString(next).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        events.add(new Event("key", time, json, position(next)));
      }
      if (error != null) {
        throw error;
      }
      return events;
    }
  }

  private final FakeSource source = new FakeSource();
  private final List<String> transactionalIds = new ArrayList<>();
  private final List<MockProducer<String, byte[]>> producers = new ArrayList<>();
  private final PipelineMetrics metrics = new RecordingMetrics().pipelineMetrics();
  private final SendResults results = new SendResults();
  private RuntimeException scanFailure;

  private final TransactionalSender sender =
      new TransactionalSender(
          transactionalId -> {
            transactionalIds.add(transactionalId);
            producers.add(
                new MockProducer<>(true, null, new StringSerializer(), new ByteArraySerializer()));
            return producer();
          },
          topic -> {
            if (scanFailure != null) {
              throw scanFailure;
            }
            return UNSTORED;
          },
          metrics,
          new Tracing(null, true),
          () -> NOW);

  private static FilePosition position(long next) {
    return new FilePosition(
        "reader", new UUID(0, 7), "/a.log", 7, Fingerprint.of(new byte[0]), next);
  }

  private MockProducer<String, byte[]> producer() {
    return producers.get(producers.size() - 1);
  }

  private int send() {
    return sender.send(source, CONFIG, results);
  }

  @Test
  void theSourceIsResumedBehindWhatIsOnTheTopic() {
    assertThat(send()).isZero();
    assertThat(source.resumed).containsExactly(UNSTORED);
    assertThat(transactionalIds).containsExactly("group-file-reader");
    assertThat(producer().transactionInitialized()).isTrue();
  }

  @Test
  void eventsAreSentInTransactionsUntilTheSourceHasNoMore() {
    source.available = 5;

    assertThat(send()).isEqualTo(5);

    assertThat(producer().commitCount()).isEqualTo(3);
    assertThat(producer().history()).hasSize(5);
    assertThat(results.sent()).isEqualTo(5);
    assertThat(metrics.counts().sent()).isEqualTo(5);
    assertThat(source.resumed).hasSize(1);
  }

  @Test
  void aRecordCarriesThePositionBehindItsLine() {
    source.available = 1;
    send();

    ProducerRecord<String, byte[]> record = producer().history().get(0);
    assertThat(FilePosition.of(record.headers().lastHeader(FilePosition.HEADER).value()))
        .hasValue(position(1));
    assertThat(record.topic()).isEqualTo("topic");
    assertThat(record.key()).isEqualTo("key");
  }

  /**
   * With its own time, an old line would be deleted by the topic's retention before it is stored.
   */
  @Test
  void anOldLineIsSentWithTheTimeOfSendingAndItsOwnTimeInAHeader() {
    source.available = 1;
    source.time = Instant.parse("1969-07-20T20:17:40Z");
    send();

    ProducerRecord<String, byte[]> record = producer().history().get(0);
    assertThat(record.timestamp()).isEqualTo(NOW.toEpochMilli());
    assertThat(record.headers().lastHeader(EventTime.HEADER).value())
        .isEqualTo(ByteBuffer.allocate(8).putLong(source.time.toEpochMilli()).array());
  }

  @Test
  void aTickHasALimitedNumberOfTransactions() {
    source.available = 1000;
    assertThat(send()).isEqualTo(40);
    assertThat(producer().commitCount()).isEqualTo(20);
  }

  @Test
  void afterAFailedTransactionTheSourceIsResumedWithAnotherProducer() {
    source.available = 2;
    send();
    source.available = 4;
    MockProducer<String, byte[]> failing = producer();
    failing.commitTransactionException = new KafkaException("commit failed");

    assertThatThrownBy(this::send).hasMessage("commit failed");

    assertThat(failing.closed()).isTrue();
    assertThat(results.sent()).isEqualTo(2);
    assertThat(results.notSent()).isEqualTo(2);
    assertThat(results.lastError()).hasValue("KafkaException: commit failed");
    assertThat(metrics.counts().notSent()).isEqualTo(2);

    assertThat(send()).isEqualTo(4);
    assertThat(source.resumed).hasSize(2);
    assertThat(producers).hasSize(2);
  }

  /** The source has already moved on, so it must be resumed. */
  @Test
  void afterAnErrorTheSourceIsResumed() {
    source.available = 4;
    source.error = new OutOfMemoryError("Java heap space");
    assertThatThrownBy(this::send).isSameAs(source.error);
    assertThat(producer().closed()).isTrue();

    source.error = null;
    assertThat(send()).isEqualTo(4);
    assertThat(source.resumed).hasSize(2);
  }

  @Test
  void withoutTheLeaseNothingIsSentAndTheProducerIsClosed() {
    source.available = 2;
    send();
    source.claimed = false;
    source.available = 4;

    assertThat(send()).isZero();
    assertThat(producer().closed()).isTrue();
    assertThat(producers).hasSize(1);

    source.claimed = true;
    send();
    assertThat(source.resumed).hasSize(2);
    assertThat(producers).hasSize(2);
  }

  @Test
  void aFailedScanLeavesNoProducerOpen() {
    scanFailure = new IllegalStateException("no answer");

    assertThatThrownBy(this::send).isSameAs(scanFailure);

    assertThat(producer().closed()).isTrue();
    assertThat(source.resumed).isEmpty();
  }

  @Test
  void aStopClosesTheProducer() {
    send();
    sender.stop();
    assertThat(producer().closed()).isTrue();
  }
}
