package dev.datapipeline.source;

import com.sun.management.OperatingSystemMXBean;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonBuilderFactory;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures the machine it runs on: processor, memory, disks, network and JVM, as one event per
 * tick. Counters are the system's own and count from its boot. Values that the system doesn't
 * provide are omitted.
 */
@ApplicationScoped
public class HostSource implements EventSource {
  private static final JsonBuilderFactory JSON = Json.createBuilderFactory(Map.of());

  private final Path proc;
  private final String host;

  /** Creates a source that measures this machine. */
  public HostSource() {
    this(Path.of("/proc"));
  }

  HostSource(Path proc) {
    this.proc = proc;
    this.host = hostName();
  }

  private static String hostName() {
    String name = System.getenv("HOSTNAME");
    if (name != null && !name.isBlank()) {
      return name;
    }
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  @Override
  public String name() {
    return "host";
  }

  @Override
  public List<Event> next(int max) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    JsonObjectBuilder event =
        JSON.createObjectBuilder()
            .add("timestamp", now.toString())
            .add("host", host)
            .add("cpu", cpu())
            .add("memory", memory())
            .add("disks", disks());
    JsonArrayBuilder network = network();
    if (network != null) {
      event.add("network", network);
    }
    event.add("jvm", jvm());
    return List.of(new Event(host, now, event.build().toString().getBytes(StandardCharsets.UTF_8)));
  }

  private static OperatingSystemMXBean system() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  }

  private static JsonObjectBuilder cpu() {
    OperatingSystemMXBean system = system();
    JsonObjectBuilder cpu =
        JSON.createObjectBuilder().add("processors", system.getAvailableProcessors());
    addShare(cpu, "load", system.getCpuLoad());
    addShare(cpu, "process_load", system.getProcessCpuLoad());
    if (system.getSystemLoadAverage() >= 0) {
      cpu.add("load_average", rounded(system.getSystemLoadAverage()));
    }
    return cpu;
  }

  /** Omits a value that isn't known yet: it is negative, or not a number. */
  private static void addShare(JsonObjectBuilder object, String name, double share) {
    if (share >= 0) {
      object.add(name, rounded(share));
    }
  }

  private static double rounded(double value) {
    return Math.round(value * 10_000) / 10_000.0;
  }

  private JsonObjectBuilder memory() {
    OperatingSystemMXBean system = system();
    JsonObjectBuilder memory =
        JSON.createObjectBuilder()
            .add("total_bytes", system.getTotalMemorySize())
            .add("free_bytes", system.getFreeMemorySize())
            .add("swap_total_bytes", system.getTotalSwapSpaceSize())
            .add("swap_free_bytes", system.getFreeSwapSpaceSize());
    Long available = memInfo().get("MemAvailable");
    if (available != null) {
      memory.add("available_bytes", available);
    }
    return memory;
  }

  /**
   * Returns the sizes in {@code /proc/meminfo}, in bytes. It has the available memory, which
   * includes caches that can be freed; the JVM only knows the free memory.
   */
  private Map<String, Long> memInfo() {
    Map<String, Long> sizes = new HashMap<>();
    for (String line : lines("meminfo")) {
      String[] parts = line.split(":?\\s+");
      if (parts.length == 3 && parts[2].equals("kB")) {
        sizes.put(parts[0], Long.parseLong(parts[1]) * 1024);
      }
    }
    return sizes;
  }

  private List<String> lines(String file) {
    try {
      return Files.readAllLines(proc.resolve(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Returns every file store once, without virtual ones and those without a size. */
  private static JsonArrayBuilder disks() {
    JsonArrayBuilder disks = JSON.createArrayBuilder();
    Set<String> seen = new HashSet<>();
    for (FileStore store : FileSystems.getDefault().getFileStores()) {
      try {
        if (store.getTotalSpace() > 0 && !isVirtual(store) && seen.add(store.name())) {
          disks.add(
              JSON.createObjectBuilder()
                  .add("name", store.name())
                  .add("type", store.type())
                  .add("total_bytes", store.getTotalSpace())
                  .add("usable_bytes", store.getUsableSpace()));
        }
      } catch (IOException e) {
        // unmounted in the meantime, or not accessible to this user
        seen.remove(store.name());
      }
    }
    return disks;
  }

  private static boolean isVirtual(FileStore store) {
    return switch (store.type()) {
      case "tmpfs", "devtmpfs", "squashfs", "ramfs", "efivarfs" -> true;
      default -> false;
    };
  }

  /** Returns the network interfaces; null if the system doesn't have {@code /proc/net/dev}. */
  private JsonArrayBuilder network() {
    List<String> lines = lines("net/dev");
    if (lines.isEmpty()) {
      return null;
    }
    JsonArrayBuilder interfaces = JSON.createArrayBuilder();
    for (String line : lines) {
      int colon = line.indexOf(':');
      String[] counts = line.substring(colon + 1).strip().split("\\s+");
      if (colon > 0 && counts.length >= 12) {
        interfaces.add(
            JSON.createObjectBuilder()
                .add("name", line.substring(0, colon).strip())
                .add("received_bytes", Long.parseLong(counts[0]))
                .add("received_packets", Long.parseLong(counts[1]))
                .add("receive_errors", Long.parseLong(counts[2]))
                .add("sent_bytes", Long.parseLong(counts[8]))
                .add("sent_packets", Long.parseLong(counts[9]))
                .add("send_errors", Long.parseLong(counts[10])));
      }
    }
    return interfaces;
  }

  private static JsonObjectBuilder jvm() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long collections = 0;
    long collectionMillis = 0;
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      collections += Math.max(0, collector.getCollectionCount());
      collectionMillis += Math.max(0, collector.getCollectionTime());
    }
    JsonObjectBuilder jvm =
        JSON.createObjectBuilder()
            .add("uptime_ms", ManagementFactory.getRuntimeMXBean().getUptime())
            .add("heap_used_bytes", heap.getUsed())
            .add("heap_committed_bytes", heap.getCommitted());
    if (heap.getMax() >= 0) {
      jvm.add("heap_max_bytes", heap.getMax());
    }
    return jvm.add("threads", ManagementFactory.getThreadMXBean().getThreadCount())
        .add("gc_count", collections)
        .add("gc_ms", collectionMillis);
  }
}
