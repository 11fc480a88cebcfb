package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.common.IsolationLevel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private final MapConfig config = MapConfig.defaults();

  @Test
  void defaultsOfTheBroker() {
    assertThat(KafkaConfig.from(config.settings(), Map.of()))
        .isEqualTo(
            new KafkaConfig(
                "localhost:9092",
                "sensor_data",
                List.of("sensor_data"),
                "datapipeline",
                4,
                -1,
                IsolationLevel.READ_COMMITTED,
                Map.of()));
  }

  @Test
  void defaultsOfTheDatabase() {
    assertThat(DatabaseConfig.from(config.settings()))
        .isEqualTo(
            new DatabaseConfig(
                "localhost",
                5432,
                "datapipeline",
                "datapipeline",
                "prefer",
                "${user.home}/.postgresql/root.crt"));
  }

  @Test
  void defaultsOfTheProducer() {
    assertThat(ProducerConfig.from(config.settings()))
        .isEqualTo(
            new ProducerConfig(
                true,
                List.of(new SourceConfig("sensor", "sensor_data", Duration.ofSeconds(1), 1)),
                200_000));
    assertThat(SensorConfig.from(config.settings())).isEqualTo(new SensorConfig(10, 42));
  }

  @Test
  void defaultsOfTheConsumer() {
    ConsumerConfig consumer = ConsumerConfig.from(config.settings());
    assertThat(consumer.enabled()).isTrue();
    assertThat(consumer.lanes()).isEqualTo(2);
    assertThat(consumer.stallTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(consumer.maxBatchRecords()).isEqualTo(20_000);
    assertThat(consumer.maxBatchBytes()).isEqualTo(8 << 20);
    assertThat(consumer.maxQueueBytes()).isEqualTo(16 << 20);
    assertThat(consumer.maxRecordBytes()).isEqualTo(16 << 20);
  }

  @Test
  void theLogIsTextOrJson() {
    assertThat(LogConfig.from(config.settings())).isEqualTo(new LogConfig("SIMPLE", false));
    assertThat(
            LogConfig.from(
                config.with("console.log.format", "JSON").with("access.log", "true").settings()))
        .isEqualTo(new LogConfig("JSON", true));
    assertThatThrownBy(() -> LogConfig.from(config.with("console.log.format", "XML").settings()))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("CONSOLE_LOG_FORMAT");
  }

  @Test
  void disksAreAbsolutePaths() {
    assertThat(DiskConfig.from(config.settings()).paths()).isEmpty();
    assertThat(DiskConfig.from(config.with("disk.paths", "/, /var/lib").settings()).paths())
        .containsExactly(Path.of("/"), Path.of("/var/lib"));
    assertThatThrownBy(() -> DiskConfig.from(config.with("disk.paths", "data").settings()))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("DISK_PATHS");
  }

  @Test
  void defaultsOfTheApi() {
    assertThat(ApiConfig.from(config.settings()))
        .isEqualTo(
            new ApiConfig(
                ApiConfig.ReadAccess.LOOPBACK,
                "",
                List.of(),
                Duration.ofSeconds(10),
                8,
                1_000_000,
                4,
                Duration.ofMinutes(10),
                500,
                Duration.ofSeconds(10)));
  }

  @Test
  void everyNameOfTheApiMaps() {
    config
        .with("API_READ_ACCESS", "everyone")
        .with("HTTP_ADDRESS", "::1")
        .with("HTTP_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .with("API_QUERY_TIMEOUT", "PT5M")
        .with("API_MAX_READS", "24")
        .with("API_MAX_EVENT_BYTES", "1024")
        .with("API_MAX_POSTS", "5")
        .with("API_MAX_POST_TIME", "PT1M")
        .with("API_MAX_VIEWERS", "0")
        .with("API_ACKNOWLEDGEMENT_TIMEOUT", "PT3S");
    assertThat(ApiConfig.from(config.settings()))
        .isEqualTo(
            new ApiConfig(
                ApiConfig.ReadAccess.EVERYONE,
                "::1",
                List.of(AddressRange.parse("10.0.0.0/8"), AddressRange.parse("::1")),
                Duration.ofMinutes(5),
                24,
                1024,
                5,
                Duration.ofMinutes(1),
                0,
                Duration.ofSeconds(3)));
  }

  @ParameterizedTest
  @CsvSource({
    "API_READ_ACCESS,nobody",
    "HTTP_TRUSTED_PROXIES,localhost",
    "HTTP_TRUSTED_PROXIES,'10.0.0.1,'",
    "API_QUERY_TIMEOUT,PT5M1S",
    "API_QUERY_TIMEOUT,PT0.5S",
    "API_MAX_READS,0",
    "API_MAX_READS,25",
    "API_MAX_POSTS,0",
    "API_MAX_VIEWERS,-1"
  })
  void aBadValueForTheApiIsNamed(String setting, String value) {
    assertRefused(setting, value, ApiConfig::from);
  }

  /** The data must not be open to the network because a port was published without a thought. */
  @Test
  void readingFromTheHostRequiresTheAddressOfThePort() {
    config.with("API_READ_ACCESS", "host");
    assertThatThrownBy(() -> ApiConfig.from(config.settings()))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("HTTP_ADDRESS");
  }

  @ParameterizedTest
  @CsvSource({
    "API_PRODUCER_USER, operator",
    "API_READER_USER, operator",
    "API_READER_USER, device"
  })
  void eachAccountHasOneRole(String setting, String value) {
    config.with("API_PRODUCER_USER", "device");
    assertRefused(setting, value, AccountsConfig::from);
  }

  @Test
  void passwordsOfAccountsAreNotShown() {
    config.with("API_READER_PASSWORD", "secret-secret");
    assertThat(AccountsConfig.from(config.settings()).reader().password())
        .hasValue("secret-secret");
    assertThat(AccountsConfig.from(config.settings()).toString()).doesNotContain("secret-secret");
  }

  @Test
  void everyNameOfTheBrokerMaps() {
    config
        .with("KAFKA_BOOTSTRAP_SERVERS", "one:1,two:2")
        .with("KAFKA_TOPIC", "t")
        .with("KAFKA_GROUP_ID", "a group")
        .with("KAFKA_TOPIC_PARTITIONS", "7")
        .with("KAFKA_TOPIC_REPLICATION_FACTOR", "3")
        .with(KafkaConfig.ISOLATION_LEVEL, "read_uncommitted");
    assertThat(KafkaConfig.from(config.settings(), Map.of("a", "b")))
        .isEqualTo(
            new KafkaConfig(
                "one:1,two:2",
                "t",
                List.of("t"),
                "a group",
                7,
                3,
                IsolationLevel.READ_UNCOMMITTED,
                Map.of("a", "b")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[::1]:9092",
        "[2001:db8::1]:9092,[2001:db8::2]:9092 , broker:9092",
        "10.0.0.1:9092,[fe80::1%eth0]:9092,[::ffff:10.0.0.1]:9092"
      })
  void bootstrapServersMayHaveIpv6Addresses(String servers) {
    config.with("KAFKA_BOOTSTRAP_SERVERS", servers);

    assertThat(KafkaConfig.from(config.settings(), Map.of()).bootstrapServers()).isEqualTo(servers);
  }

  @Test
  void everyClientGetsTheClientPropertiesAndTheBootstrapServers() {
    KafkaConfig kafka =
        KafkaConfig.from(
            config.settings(),
            Map.of("sasl.jaas.config", "secret", "bootstrap.servers", "other:1"));

    assertThat(kafka.commonProperties())
        .isEqualTo(Map.of("sasl.jaas.config", "secret", "bootstrap.servers", "localhost:9092"));
    assertThat(kafka.toString()).contains("sasl.jaas.config").doesNotContain("secret");
  }

  @Test
  void everyNameOfTheDatabaseMaps(@TempDir Path directory) throws IOException {
    String authority = Files.createFile(directory.resolve("ca.pem")).toString();
    config
        .with("DB_HOST", "db.example")
        .with("DB_PORT", "6543")
        .with("DB_NAME", "events")
        .with("DB_USER", "writer")
        .with("DB_SSLMODE", "verify-full")
        .with("DB_SSLROOTCERT", authority);
    DatabaseConfig database = DatabaseConfig.from(config.settings());
    assertThat(database)
        .isEqualTo(
            new DatabaseConfig("db.example", 6543, "events", "writer", "verify-full", authority));
    assertThat(database.address()).isEqualTo("writer@db.example:6543/events");
  }

  @Test
  void everyNameOfTheProducerMaps() {
    config
        .with("PRODUCER_ENABLED", "False")
        .with("PRODUCER_INTERVAL", "PT0.25S")
        .with("PRODUCER_SOURCE", "other-1")
        .with("PRODUCER_EVENTS_PER_TICK", "500")
        .with("PRODUCER_MAX_IN_FLIGHT", "500")
        .with("SENSOR_COUNT", "3")
        .with("SENSOR_SEED", "-9223372036854775808");
    assertThat(ProducerConfig.from(config.settings()))
        .isEqualTo(
            new ProducerConfig(
                false,
                List.of(new SourceConfig("other-1", "sensor_data", Duration.ofMillis(250), 500)),
                500));
    assertThat(SensorConfig.from(config.settings())).isEqualTo(new SensorConfig(3, Long.MIN_VALUE));
  }

  @Test
  void aSourceMayHaveItsOwnTopicIntervalAndNumber() {
    config
        .with("PRODUCER_SOURCE", "sensor , my-own")
        .with("SOURCE_MY_OWN_TOPIC", "own")
        .with("SOURCE_MY_OWN_INTERVAL", "PT5S")
        .with("SOURCE_MY_OWN_EVENTS_PER_TICK", "7");

    assertThat(ProducerConfig.from(config.settings()).sources())
        .containsExactly(
            new SourceConfig("sensor", "sensor_data", Duration.ofSeconds(1), 1),
            new SourceConfig("my-own", "own", Duration.ofSeconds(5), 7));
    assertThat(KafkaConfig.from(config.settings(), Map.of()).topics())
        .containsExactly("sensor_data", "own");
  }

  @ParameterizedTest
  @CsvSource({
    "SOURCE_SENSOR_TOPIC,a/b",
    "SOURCE_SENSOR_INTERVAL,0",
    "SOURCE_SENSOR_EVENTS_PER_TICK,0"
  })
  void aBadValueForOneSourceIsNamed(String setting, String value) {
    assertRefused(setting, value, ProducerConfig::from);
  }

  @Test
  void everyNameOfTheConsumerMaps() {
    config
        .with("CONSUMER_ENABLED", "false")
        .with("CONSUMER_LANES", "5")
        .with("CONSUMER_MAX_BATCH_RECORDS", "11")
        .with("CONSUMER_MAX_BATCH_BYTES", "2048")
        .with("CONSUMER_MAX_QUEUE_BYTES", "4096")
        .with("CONSUMER_MAX_RECORD_BYTES", "8192")
        .with("CONSUMER_STALL_TIMEOUT", "PT2M");
    ConsumerConfig consumer = ConsumerConfig.from(config.settings());
    assertThat(consumer.enabled()).isFalse();
    assertThat(consumer.lanes()).isEqualTo(5);
    assertThat(consumer.maxBatchRecords()).isEqualTo(11);
    assertThat(consumer.maxBatchBytes()).isEqualTo(2048);
    assertThat(consumer.maxQueueBytes()).isEqualTo(4096);
    assertThat(consumer.maxRecordBytes()).isEqualTo(8192);
    assertThat(consumer.stallTimeout()).isEqualTo(Duration.ofMinutes(2));
  }

  private void assertRefused(String setting, String value, Function<Settings, ?> reader) {
    assertThatThrownBy(() -> reader.apply(config.with(setting, value).settings()))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContainingAll("Setting " + setting + " has the value '", "it must be ")
        .hasMessageNotContainingAny("\n", "\r");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          KAFKA_BOOTSTRAP_SERVERS        | localhost
          KAFKA_BOOTSTRAP_SERVERS        | host:9092,
          KAFKA_BOOTSTRAP_SERVERS        | host:0
          KAFKA_BOOTSTRAP_SERVERS        | host:65536
          KAFKA_BOOTSTRAP_SERVERS        | host:100000
          KAFKA_BOOTSTRAP_SERVERS        | http://host:9092
          KAFKA_BOOTSTRAP_SERVERS        | ::1:9092
          KAFKA_BOOTSTRAP_SERVERS        | [::1]
          KAFKA_BOOTSTRAP_SERVERS        | [::1]:9092,[host]:9092
          KAFKA_BOOTSTRAP_SERVERS        | höst:9092
          KAFKA_BOOTSTRAP_SERVERS        | user@host:9092
          KAFKA_TOPIC                    | ..
          KAFKA_TOPIC                    | two words
          KAFKA_TOPIC                    | ''
          KAFKA_GROUP_ID                 | ''
          KAFKA_TOPIC_PARTITIONS         | 0
          KAFKA_TOPIC_PARTITIONS         | 10001
          KAFKA_TOPIC_PARTITIONS         | 1.5
          KAFKA_TOPIC_REPLICATION_FACTOR | -2
          mp.messaging.incoming.events-in.isolation.level | serializable
          mp.messaging.incoming.events-in.isolation.level | ''
          """)
  void aBadValueForTheBrokerIsNamed(String setting, String value) {
    assertRefused(setting, value, settings -> KafkaConfig.from(settings, Map.of()));
  }

  @ParameterizedTest
  @CsvSource({
    "DB_HOST,user@host",
    "DB_HOST,''",
    "DB_PORT,0",
    "DB_PORT,65536",
    "DB_PORT,99999999999999999999",
    "DB_NAME,a/b",
    "DB_USER,a b",
    "DB_SSLMODE,on",
    "DB_SSLROOTCERT,''"
  })
  void aBadValueForTheDatabaseIsNamed(String setting, String value) {
    assertRefused(setting, value, DatabaseConfig::from);
  }

  @ParameterizedTest
  @CsvSource({
    "PRODUCER_ENABLED,yes",
    "PRODUCER_INTERVAL,soon",
    "PRODUCER_INTERVAL,PT0.009S",
    "PRODUCER_INTERVAL,-PT1S",
    "PRODUCER_INTERVAL,PT24H0.001S",
    "PRODUCER_SOURCE,Sensor",
    "PRODUCER_SOURCE,'sensor,'",
    "PRODUCER_SOURCE,'sensor,sensor'",
    "PRODUCER_EVENTS_PER_TICK,0",
    "PRODUCER_EVENTS_PER_TICK,100001",
    "PRODUCER_MAX_IN_FLIGHT,0"
  })
  void aBadValueForTheProducerIsNamed(String setting, String value) {
    assertRefused(setting, value, ProducerConfig::from);
  }

  @ParameterizedTest
  @CsvSource({
    "CONSUMER_ENABLED,1",
    "CONSUMER_LANES,0",
    "CONSUMER_LANES,65",
    "CONSUMER_MAX_BATCH_RECORDS,0",
    "CONSUMER_MAX_BATCH_BYTES,1023",
    "CONSUMER_MAX_QUEUE_BYTES,1023",
    "CONSUMER_MAX_RECORD_BYTES,1023",
    "CONSUMER_MAX_RECORD_BYTES,536870913",
    "CONSUMER_STALL_TIMEOUT,PT0.5S"
  })
  void aBadValueForTheConsumerIsNamed(String setting, String value) {
    assertRefused(setting, value, ConsumerConfig::from);
  }

  @ParameterizedTest
  @CsvSource({"WEBLOG_VISITORS,0", "WEBLOG_SEED,"})
  void aBadValueForTheWeblogIsNamed(String setting, String value) {
    assertRefused(setting, value == null ? "" : value, WeblogConfig::from);
  }

  @ParameterizedTest
  @CsvSource({"SENSOR_COUNT,0", "SENSOR_COUNT,1000001", "SENSOR_SEED,x"})
  void aBadValueForTheSensorsIsNamed(String setting, String value) {
    assertRefused(setting, value, SensorConfig::from);
  }

  @Test
  void aMissingValueIsNamed() {
    config.without("KAFKA_TOPIC");
    assertThatThrownBy(() -> KafkaConfig.from(config.settings(), Map.of()))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("KAFKA_TOPIC");
  }

  @Test
  void aTickMustFitIntoWhatMayBeInFlight() {
    config.with("PRODUCER_MAX_IN_FLIGHT", "10");
    assertRefused("PRODUCER_EVENTS_PER_TICK", "11", ProducerConfig::from);
  }

  @ParameterizedTest
  @ValueSource(strings = {"verify-ca", "verify-full"})
  void aCertificateCannotBeVerifiedWithoutThatOfTheAuthority(String sslMode) {
    config.with("DB_SSLMODE", sslMode);
    assertRefused("DB_SSLROOTCERT", "/no/such/file.pem", DatabaseConfig::from);
    // no path in any encoding
    assertRefused("DB_SSLROOTCERT", "\ud800", DatabaseConfig::from);
  }

  @Test
  void aBatchMustFitIntoTheQueue() {
    config.with("CONSUMER_MAX_QUEUE_BYTES", "4096");
    assertRefused("CONSUMER_MAX_BATCH_BYTES", "4097", ConsumerConfig::from);
  }

  @ParameterizedTest
  @ValueSource(strings = {" 5 ", "\t5\n"})
  void blanksAroundAValueDoNotMatter(String value) {
    config.with("CONSUMER_LANES", value);
    assertThat(ConsumerConfig.from(config.settings()).lanes()).isEqualTo(5);
  }

  @Test
  void aValueCannotForgeALineOfTheLog() {
    assertRefused("KAFKA_TOPIC", "x\n[SEVERE] forged", s -> KafkaConfig.from(s, Map.of()));
  }
}
