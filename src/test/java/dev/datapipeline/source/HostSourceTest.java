package dev.datapipeline.source;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostSourceTest {
  @TempDir private Path proc;

  private static JsonObject measured(HostSource source) {
    Event event = source.next(5).get(0);
    return Json.createReader(new ByteArrayInputStream(event.json())).readObject();
  }

  @Test
  void thisMachineIsMeasured() {
    JsonObject event = measured(new HostSource());

    assertThat(Instant.parse(event.getString("timestamp"))).isBeforeOrEqualTo(Instant.now());
    assertThat(event.getString("host")).isNotBlank();
    assertThat(event.getJsonObject("cpu").getInt("processors"))
        .isEqualTo(Runtime.getRuntime().availableProcessors());
    JsonObject memory = event.getJsonObject("memory");
    assertThat(memory.getJsonNumber("total_bytes").longValue())
        .isGreaterThan(memory.getJsonNumber("free_bytes").longValue());
    assertThat(event.getJsonObject("jvm").getJsonNumber("heap_used_bytes").longValue())
        .isPositive();
    assertThat(event.getJsonObject("jvm").getInt("threads")).isPositive();
  }

  @Test
  void theKernelsFilesAreRead() throws IOException {
    Files.writeString(proc.resolve("meminfo"), "MemTotal:  99 kB\nMemAvailable:    7 kB\n");
    Files.createDirectories(proc.resolve("net"));
    Files.writeString(
        proc.resolve("net/dev"),
        """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
            lo:     100       2    0    0    0     0          0         0      300       4    1    0    0     0       0          0
          eth0:123456789012   5    6    0    0     0          0         0      7       8    9    0    0     0       0          0
        """);

    JsonObject event = measured(new HostSource(proc));

    assertThat(event.getJsonObject("memory").getInt("available_bytes")).isEqualTo(7 * 1024);
    JsonObject eth0 = event.getJsonArray("network").getJsonObject(1);
    assertThat(eth0.getString("name")).isEqualTo("eth0");
    assertThat(eth0.getJsonNumber("received_bytes").longValue()).isEqualTo(123_456_789_012L);
    assertThat(eth0.getInt("send_errors")).isEqualTo(9);
  }

  @Test
  void whatTheSystemDoesNotTellIsLeftOut() {
    JsonObject event = measured(new HostSource(proc));

    assertThat(event).doesNotContainKey("network");
    assertThat(event.getJsonObject("memory")).doesNotContainKey("available_bytes");
  }
}
