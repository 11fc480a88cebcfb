package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.utils.Utils;

/** What holds for every value of a setting. */
class SettingsPropertyTest {
  private static final List<Function<Settings, Object>> ALL =
      List.of(
          settings -> KafkaConfig.from(settings, Map.of()),
          DatabaseConfig::from,
          ProducerConfig::from,
          SensorConfig::from,
          WeblogConfig::from,
          FileConfig::from,
          ConsumerConfig::from,
          ApiConfig::from,
          AccountsConfig::from,
          DiskConfig::from,
          LogConfig::from);

  private static void readAll(MapConfig config) {
    ALL.forEach(from -> from.apply(config.settings()));
  }

  /** The settings that have a default. */
  @Provide
  Arbitrary<String> settings() {
    List<String> names =
        MapConfig.defaults().names().stream()
            .filter(name -> !name.startsWith("mp."))
            .sorted()
            .map(name -> name.toUpperCase(Locale.ROOT).replace('.', '_'))
            .toList();
    assertThat(names).contains("KAFKA_BOOTSTRAP_SERVERS").hasSizeGreaterThan(40);
    return Arbitraries.of(names);
  }

  @Provide
  Arbitrary<String> values() {
    return Arbitraries.oneOf(
        Arbitraries.strings().ofMaxLength(300),
        Arbitraries.strings().withChars("0123456789-+.PTHMSDeE ").ofMaxLength(12),
        Arbitraries.of(
            "",
            "PT0S",
            "PT-1S",
            "P106751991167300D",
            "P99999999999999999999D",
            "true",
            "TRUE ",
            "-1",
            "9223372036854775807",
            "9223372036854775808",
            "verify-full",
            "file",
            "sensor , host",
            "sensor,sensor",
            "host:0",
            "a:1,",
            "[::1]:1",
            "..",
            "\0",
            "\ud800",
            "${file.path}"));
  }

  @Property(tries = 400)
  void anyValueIsTakenOrRefusedWithTheNameOfItsSetting(
      @ForAll("settings") String setting, @ForAll("values") String value) {
    try {
      // the source "file" needs a path
      readAll(MapConfig.defaults().with("FILE_PATH", "/data").with(setting, value));
    } catch (InvalidSettingException e) {
      assertThat(e.getMessage()).contains(setting).doesNotContain("\n", "\r");
      assertThat(e.getMessage()).hasSizeLessThan(700);
    }
  }

  /** The file is read only if the server's certificate is verified. */
  @Property(tries = 200)
  void anyNameOfACertificateIsTakenOrRefused(@ForAll("values") String value) {
    MapConfig config =
        MapConfig.defaults().with("DB_SSLMODE", "verify-full").with("DB_SSLROOTCERT", value);
    try {
      readAll(config);
    } catch (InvalidSettingException e) {
      assertThat(e.getMessage()).contains("DB_SSLROOTCERT");
    }
  }

  /** The path is read only if the source runs. */
  @Property(tries = 200)
  void anyPathIsTakenOrRefused(@ForAll("values") String value) {
    MapConfig config =
        MapConfig.defaults().with("PRODUCER_SOURCE", "file").with("FILE_PATH", value);
    try {
      readAll(config);
    } catch (InvalidSettingException e) {
      assertThat(e.getMessage()).contains("FILE_PATH");
    }
  }

  @Property(tries = 200)
  void durationsWithinTheBoundsAreTakenAsTheyAre(
      @ForAll @LongRange(min = 1_000, max = 86_400_000) long millis) {
    Duration duration = Duration.ofMillis(millis);

    assertThat(
            ConsumerConfig.from(
                    MapConfig.defaults()
                        .with("CONSUMER_STALL_TIMEOUT", " " + duration + " ")
                        .settings())
                .stallTimeout())
        .isEqualTo(duration);
  }

  @Property(tries = 200)
  void sizesWithinTheBoundsAreTakenAsTheyAre(
      @ForAll @LongRange(min = 8 << 20, max = 1L << 32) long bytes) {
    assertThat(
            ConsumerConfig.from(
                    MapConfig.defaults()
                        .with("CONSUMER_MAX_QUEUE_BYTES", Long.toString(bytes))
                        .settings())
                .maxQueueBytes())
        .isEqualTo(bytes);
  }

  @Property(tries = 400)
  void aTopicIsWhatKafkaTakesForOne(@ForAll("topics") String topic) {
    boolean taken = true;
    try {
      KafkaConfig config =
          KafkaConfig.from(MapConfig.defaults().with("KAFKA_TOPIC", topic).settings(), Map.of());
      assertThat(config.topic()).isEqualTo(topic.strip());
    } catch (InvalidSettingException e) {
      taken = false;
    }

    assertThat(taken).isEqualTo(Topic.isValid(topic.strip()));
  }

  @Provide
  Arbitrary<String> topics() {
    return Arbitraries.oneOf(
        Arbitraries.strings().withChars("aZ0._-é :/").ofMaxLength(4),
        Arbitraries.strings().withChars("aZ0._-").ofMinLength(245).ofMaxLength(252),
        Arbitraries.strings().ofMaxLength(10));
  }

  @Property(tries = 400)
  void kafkasClientUnderstandsEveryAddressThatIsTaken(
      @ForAll("addressLists") List<String> addresses, @ForAll("separators") String separator) {
    String value = String.join(separator, addresses);
    KafkaConfig config;
    try {
      config =
          KafkaConfig.from(
              MapConfig.defaults().with("KAFKA_BOOTSTRAP_SERVERS", value).settings(), Map.of());
    } catch (InvalidSettingException e) {
      assertThat(e.getMessage()).contains("KAFKA_BOOTSTRAP_SERVERS");
      return;
    }
    for (String address : config.bootstrapServers().split(",")) {
      assertThat(Utils.getHost(address.strip())).as(address).isNotBlank();
      assertThat(Utils.getPort(address.strip())).as(address).isBetween(1, 65_535);
    }
  }

  @Property(tries = 200)
  void commonAddressesAreTaken(
      @ForAll("goodAddresses") List<String> addresses, @ForAll("separators") String separator) {
    String value = String.join(separator, addresses);

    assertThat(
            KafkaConfig.from(
                    MapConfig.defaults().with("KAFKA_BOOTSTRAP_SERVERS", value).settings(),
                    Map.of())
                .bootstrapServers())
        .isEqualTo(value);
  }

  @Provide
  Arbitrary<String> separators() {
    return Arbitraries.of(",", ", ", " ,");
  }

  @Provide
  Arbitrary<List<String>> goodAddresses() {
    return Combinators.combine(
            Arbitraries.of(
                "localhost", "broker-1.example_a.net", "10.0.0.1", "[::1]", "[fe80::1%eth0]"),
            Arbitraries.integers().between(1, 65_535))
        .as((host, port) -> host + ":" + port)
        .list()
        .ofMinSize(1)
        .ofMaxSize(4);
  }

  @Provide
  Arbitrary<List<String>> addressLists() {
    Arbitrary<String> hosts =
        Arbitraries.oneOf(
            Arbitraries.of("localhost", "[::1]", "[fe80::1%eth0]", "PLAINTEXT://h", "höst", "a/b"),
            Arbitraries.strings().withChars("a0.-_%[]:/é@").ofMinLength(1).ofMaxLength(5));
    Arbitrary<Integer> ports = Arbitraries.integers().between(-1, 70_000);
    return Combinators.combine(hosts, ports)
        .as((host, port) -> host + ":" + port)
        .list()
        .ofMinSize(1)
        .ofMaxSize(3);
  }
}
