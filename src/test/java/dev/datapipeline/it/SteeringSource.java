package dev.datapipeline.it;

import dev.datapipeline.producer.ProducerControl;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.EventSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * A source that runs in the server of {@link OwnSourceIT}. Executes the command that a file
 * contains and sends the result as an event.
 */
@ApplicationScoped
public class SteeringSource implements EventSource {
  @Inject private ProducerControl control;

  @Inject
  @ConfigProperty(name = "steering.file", defaultValue = "")
  private String file;

  @Override
  public String name() {
    return "steering";
  }

  @Override
  public List<Event> next(int max) {
    Path path = Path.of(file);
    try {
      if (!Files.exists(path)) {
        return List.of();
      }
      String command = Files.readString(path);
      Files.delete(path);
      String answer = "{\"command\":\"%s\",\"answer\":\"%s\"}".formatted(command, run(command));
      return List.of(new Event(null, Instant.now(), answer.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String run(String command) {
    String[] words = command.split(" ");
    try {
      return switch (words[0]) {
        case "pause" -> "paused " + control.pause(words[1]).paused();
        case "resume" -> "paused " + control.resume(words[1]).paused();
        case "interval" ->
            "interval " + control.setInterval(words[1], Duration.parse(words[2])).interval();
        case "tick" -> "events " + control.tick(words[1]);
        default -> throw new IllegalArgumentException(command);
      };
    } catch (RuntimeException e) {
      return e.getClass().getSimpleName() + ": " + e.getMessage();
    }
  }
}
