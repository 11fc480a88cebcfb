package peer;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;

/** Stores each message, and acknowledges it afterwards: at least once. */
@ApplicationScoped
public class Consumer {
  @Inject private EventStore store;

  @Incoming("events")
  public CompletionStage<Void> receive(Message<String> message) {
    ConsumerRecord<?, ?> record = message.unwrap(ConsumerRecord.class);
    store.store(
        new Event(
            Instant.ofEpochMilli(record.timestamp()),
            message.getPayload(),
            record.partition(),
            record.offset()));
    return message.ack();
  }
}
