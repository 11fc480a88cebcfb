package dev.datapipeline.it;

import com.github.f4b6a3.uuid.UuidCreator;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** The events that the benchmarks send. */
final class BenchmarkEvents {
  private BenchmarkEvents() {}

  /** Returns an event of about 180 bytes, which tells when it was made. */
  static String event(Random random, int i) {
    return "{\"id\":\"%s\",\"timestamp\":\"%s\",\"sensor\":\"temperature-%d\",\"value\":%d.%02d,\"unit\":\"°C\",\"n\":%d,\"sentMicros\":%d}"
        .formatted(
            UuidCreator.getTimeOrderedEpoch(),
            Instant.ofEpochMilli(System.currentTimeMillis()),
            random.nextInt(100),
            random.nextInt(40),
            random.nextInt(100),
            i,
            ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
  }

  /** Returns an event of a size, with random text. */
  static String event(Random random, int i, int bytes) {
    String event = event(random, i);
    int missing = bytes - event.length();
    if (missing < 20) {
      return event;
    }
    byte[] text = new byte[missing * 3 / 4 - 9];
    random.nextBytes(text);
    return event.replace(
        "}", ",\"text\":\"" + Base64.getEncoder().withoutPadding().encodeToString(text) + "\"}");
  }

  /** Sends events of a kind, at most ten thousand different ones again and again. */
  static void fill(Topic topic, int count, BiFunction<Random, Integer, String> kind) {
    Random random = new Random(1);
    List<String> events =
        IntStream.range(0, Math.min(count, 10_000)).mapToObj(i -> kind.apply(random, i)).toList();
    for (int i = 0; i < count; i++) {
      topic.offer(events.get(i % events.size()));
    }
    topic.flush();
  }
}
