package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.Ports;
import dev.datapipeline.backends.PostgresServer;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A broker and a database that accept TLS only and require a password or a certificate. The tests
 * are ordered because one instance of the application goes through several of them.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TlsIT {
  private static final String HOST = "localhost";
  private static final String ELSEWHERE = "elsewhere.example";
  private static final String TOPIC = "tls";

  private static final String KAFKA_PASSWORD = "scram-secret-0815";
  private static final String WRONG_PASSWORD = "wrong-secret-1234";
  private static final String BROKER_PASSWORD = "broker-secret-2345";

  private static final int PASSWORDS_PORT = Ports.free();
  private static final int CERTIFICATES_PORT = Ports.free();

  private static final List<Application> APPLICATIONS = new ArrayList<>();
  private static final List<String> ANSWERS = new ArrayList<>();

  private static Certificates certificates;
  private static Certificates.Identity valid;
  private static Certificates.Identity elsewhere;
  private static Certificates.Identity expired;
  private static Certificates.Identity ofAStranger;
  private static KafkaBroker kafka;
  private static PostgresServer postgres;
  private static Database database;
  private static Admin admin;
  private static Topic topic;
  private static Application application;

  @BeforeAll
  static void start() throws Exception {
    Path directory = ServerDirectory.TARGET.resolve("it/tls-backends");
    TestBackends.delete(directory);
    certificates = new Certificates(Files.createDirectories(directory.resolve("certificates")));
    valid = certificates.valid("valid", HOST);
    elsewhere = certificates.valid("elsewhere", ELSEWHERE);
    expired = certificates.expired(HOST);
    ofAStranger = certificates.ofAStranger(HOST);

    Path distribution = TestBackends.DIRECTORY.resolve("postgres-dist");
    postgres = new PostgresServer(directory.resolve("postgres"), distribution, 0);
    postgres.encrypted(certificates.keyPem(), valid.pem()).start();
    database = new Database(postgres);

    kafka = broker(directory.resolve("kafka"));
    kafka.start();
    admin = Admin.create(kafka.clientProperties());
    Pipeline.get(
        admin
            .alterUserScramCredentials(
                List.of(
                    new UserScramCredentialUpsertion(
                        "datapipeline",
                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                        KAFKA_PASSWORD)))
            .all());
    topic = new Topic(TOPIC, kafka);
    topic.create(2);
    application =
        application(
            "tls",
            Map.of("KAFKA_TOPIC", TOPIC, "KAFKA_GROUP_ID", TOPIC, "PRODUCER_INTERVAL", "PT0.1S"));
  }

  /** All listeners require TLS: one is for the test, one for passwords, one for certificates. */
  private static KafkaBroker broker(Path directory) throws Exception {
    KafkaBroker broker = new KafkaBroker(directory, 0);
    String trustStore = certificates.trustStore("PKCS12").toString();
    String login =
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"broker\""
            + " password=\"%s\"".formatted(BROKER_PASSWORD);
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(
        "listeners",
        "SASL_SSL://localhost:%d,PASSWORDS://localhost:%d,CERTIFICATES://localhost:%d,CONTROLLER://localhost:%d"
            .formatted(broker.port(), PASSWORDS_PORT, CERTIFICATES_PORT, broker.controllerPort()));
    properties.put(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,PASSWORDS:SASL_SSL,CERTIFICATES:SSL,CONTROLLER:PLAINTEXT");
    properties.put("listener.name.sasl_ssl.sasl.enabled.mechanisms", "PLAIN");
    properties.put("sasl.mechanism.inter.broker.protocol", "PLAIN");
    properties.put(
        "listener.name.sasl_ssl.plain.sasl.jaas.config",
        login + " user_broker=\"%s\";".formatted(BROKER_PASSWORD));
    properties.put(
        "listener.name.passwords.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    properties.put("listener.name.passwords.sasl.enabled.mechanisms", "SCRAM-SHA-512");
    properties.put("listener.name.certificates.ssl.client.auth", "required");
    properties.put("ssl.truststore.location", trustStore);
    properties.put("ssl.truststore.password", Certificates.PASSWORD);
    for (String prefix : List.of("", "listener.name.passwords.")) {
      properties.put(prefix + "ssl.keystore.location", valid.keyStore().toString());
      properties.put(prefix + "ssl.keystore.password", Certificates.PASSWORD);
      properties.put(prefix + "ssl.key.password", Certificates.PASSWORD);
    }
    // the test presents certificates of other hosts
    properties.put("ssl.allow.dn.changes", "true");
    properties.put("ssl.allow.san.changes", "true");
    return broker
        .properties(properties)
        .protocol(
            "SASL_SSL",
            Map.of(
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "PLAIN",
                "sasl.jaas.config",
                login + ";",
                "ssl.truststore.location",
                trustStore,
                "ssl.truststore.password",
                Certificates.PASSWORD));
  }

  /**
   * Returns an instance that uses passwords and a trust store in PKCS12.
   *
   * @param settings override these; an empty value removes a setting
   */
  private static Application application(String name, Map<String, String> settings)
      throws Exception {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("DB_HOST", HOST);
    environment.put("DB_PORT", Integer.toString(postgres.port()));
    environment.put("DB_PASSWORD", postgres.password());
    environment.put("DB_SSLMODE", "verify-full");
    environment.put("DB_SSLROOTCERT", certificates.authorityPem().toString());
    environment.put("KAFKA_BOOTSTRAP_SERVERS", HOST + ":" + PASSWORDS_PORT);
    environment.put("KAFKA_CLIENT_SECURITY_PROTOCOL", "SASL_SSL");
    environment.put("KAFKA_CLIENT_SASL_MECHANISM", "SCRAM-SHA-512");
    environment.put("KAFKA_CLIENT_SASL_JAAS_CONFIG", scram(KAFKA_PASSWORD));
    environment.put("KAFKA_CLIENT_SSL_TRUSTSTORE_TYPE", "PKCS12");
    environment.put(
        "KAFKA_CLIENT_SSL_TRUSTSTORE_LOCATION", certificates.trustStore("PKCS12").toString());
    environment.put("KAFKA_CLIENT_SSL_TRUSTSTORE_PASSWORD", Certificates.PASSWORD);
    environment.putAll(settings);
    environment.values().removeIf(String::isEmpty);
    Application made = new Application(name, environment);
    APPLICATIONS.add(made);
    return made;
  }

  private static String scram(String password) {
    return "org.apache.kafka.common.security.scram.ScramLoginModule required"
        + " username=\"datapipeline\" password=\"%s\";".formatted(password);
  }

  @AfterAll
  static void stop() {
    APPLICATIONS.forEach(Application::close);
    if (topic != null) {
      topic.close();
      admin.close();
    }
    if (kafka != null) {
      kafka.close();
    }
    if (postgres != null) {
      postgres.close();
    }
  }

  /** Broker and database present this certificate on new connections. */
  private static void show(Certificates.Identity identity) throws Exception {
    postgres.certificate(identity.pem());
    Pipeline.get(
        admin
            .incrementalAlterConfigs(
                Map.of(
                    new ConfigResource(ConfigResource.Type.BROKER, "1"),
                    List.of(
                        new AlterConfigOp(
                            new ConfigEntry(
                                "listener.name.passwords.ssl.keystore.location",
                                identity.keyStore().toString()),
                            AlterConfigOp.OpType.SET))))
            .all());
  }

  private static void awaitDown(Application instance, String databaseReason, String brokerReason) {
    await("refused")
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertDown(instance, "database", databaseReason);
              assertDown(instance, "broker", brokerReason);
            });
    assertThat(instance.health().live()).isEqualTo("UP");
  }

  private static void assertDown(Application instance, String check, String reason)
      throws Exception {
    JsonObject answer = instance.health().check("ready", check);
    ANSWERS.add(instance.health().data("ready").toString());
    assertThat(answer.getString("status")).isEqualTo("DOWN");
    assertThat(answer.getJsonObject("data").getString("lastError")).contains(reason);
  }

  private static void assertEverythingStoredExactlyOnce(Topic sent, String name) {
    Ledger ledger = new Ledger(database, name);
    Map<Integer, Long> ends = sent.endOffsets();
    await("everything stored").atMost(Pipeline.PATIENCE).until(() -> ledger.isComplete(ends));
    await("no faults")
        .atMost(Pipeline.PATIENCE)
        .untilAsserted(() -> assertThat(ledger.faults()).isEmpty());
    assertThat(ledger.records()).isPositive();
  }

  private static void awaitEventSent(Application instance) {
    await("an event was sent")
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                instance.health().check("ready", "producer").getJsonObject("data").getInt("sent")
                    > 0);
  }

  @Test
  @Order(1)
  void wrongCertificatesAreReportedAndWaitedFor() throws Exception {
    show(ofAStranger);
    Map<String, String> settings = Map.of("KAFKA_TOPIC", TOPIC, "KAFKA_GROUP_ID", TOPIC);
    try (Application waiting = application("tlsWaiting", settings).start()) {
      await("live").atMost(Pipeline.PATIENCE).until(waiting.health()::live, "UP"::equals);
      String untrusted = "the server's certificate is not from an authority that is trusted here";
      awaitDown(waiting, untrusted, untrusted);

      show(expired);
      String tooOld = "the server's certificate has expired";
      awaitDown(waiting, tooOld, tooOld);

      show(elsewhere);
      awaitDown(
          waiting,
          "The hostname localhost could not be verified",
          "the server's certificate is for another host name");

      show(valid);
      topic.send("{\"sent\":\"by hand\"}");
      awaitEventSent(waiting);
      Pipeline.awaitReady(waiting);
      assertEverythingStoredExactlyOnce(topic, TOPIC);
    } finally {
      show(valid);
    }
  }

  @Test
  @Order(2)
  void eventsFlowAndEachSessionIsEncrypted() throws Exception {
    Pipeline.awaitReady(application.start());
    awaitEventSent(application);

    assertEverythingStoredExactlyOnce(topic, TOPIC);
    assertThat(sessions())
        .contains(List.of("datapipeline", "t"), List.of("datapipeline-migrations", "t"))
        .allSatisfy(session -> assertThat(session.get(1)).isEqualTo("t"));
    awaitExpiry(
        application,
        Map.of(
            "broker", valid.expiry(),
            "database", valid.expiry(),
            "kafka-truststore", certificates.authorityExpiry(),
            "database-root", certificates.authorityExpiry()));
  }

  private static void awaitExpiry(Application instance, Map<String, Instant> expected) {
    for (String name : expected.keySet()) {
      await(name)
          .atMost(Pipeline.PATIENCE)
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(
                          Metrics.of(instance)
                              .sum(
                                  "datapipeline_certificate_expiry_timestamp_seconds",
                                  "certificate=\"%s\"".formatted(name)))
                      .isEqualTo(expected.get(name).getEpochSecond()));
    }
  }

  /** The name of each session of the application, and whether it is encrypted. */
  private static List<List<String>> sessions() {
    return database.query(
        "SELECT DISTINCT application_name, CASE WHEN ssl AND version LIKE 'TLSv1.%' THEN 't' END"
            + " FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            + " WHERE application_name LIKE 'datapipeline%'");
  }

  @Test
  @Order(3)
  void missingRecordsAreReadAgainEncrypted() {
    database.execute(
        "DO $$ BEGIN PERFORM FROM topic_partitions ORDER BY id FOR UPDATE;"
            + " DELETE FROM raw_events; UPDATE topic_partitions SET next_offset = 0; END $$");

    await("read again")
        .atMost(Pipeline.PATIENCE)
        .until(() -> application.log().stream().anyMatch(line -> line.contains("read again: ")));
    assertEverythingStoredExactlyOnce(topic, TOPIC);
  }

  @Test
  @Order(4)
  void aCertificateThatExpiresInMidStreamLosesNothing() throws Exception {
    show(expired);
    cutConnections();
    for (int i = 0; i < 100; i++) {
      topic.offer("{\"n\":%d}".formatted(i));
    }
    topic.flush();
    await("refused")
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertDown(application, "database", "the server's certificate has expired");
              assertDown(application, "broker", "the server's certificate has expired");
            });

    show(valid);
    Pipeline.awaitReady(application);
    assertEverythingStoredExactlyOnce(topic, TOPIC);
  }

  private static void cutConnections() throws Exception {
    kafka.kill();
    kafka.start();
    try (Connection connection = postgres.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              + " WHERE application_name LIKE 'datapipeline%'");
    }
  }

  @Test
  @Order(5)
  void wrongPasswordsAreRefused() throws Exception {
    try (Application refused =
        application(
                "tlsPassword",
                Map.of(
                    "DB_PASSWORD",
                    WRONG_PASSWORD,
                    "KAFKA_CLIENT_SASL_JAAS_CONFIG",
                    scram(WRONG_PASSWORD)))
            .start()) {
      awaitDown(
          refused,
          "password authentication failed for user \"datapipeline\"",
          "Authentication failed during authentication due to invalid credentials");
    }
  }

  @Test
  @Order(6)
  void plaintextIsRefused() throws Exception {
    try (Application refused =
        application(
                "tlsPlaintext",
                Map.of("DB_SSLMODE", "disable", "KAFKA_CLIENT_SECURITY_PROTOCOL", "PLAINTEXT"))
            .start()) {
      awaitDown(
          refused,
          "no encryption",
          "its listener expects another security.protocol than PLAINTEXT");
    }
  }

  /** The mode verify-ca does not check the host name. */
  @Test
  @Order(7)
  void pemCertificatesAndVerifyCaAreSupported() throws Exception {
    postgres.certificate(elsewhere.pem());
    Certificates.Identity client = certificates.valid("datapipeline", ELSEWHERE);
    Path keyStore = certificates.authorityPem().resolveSibling("client.pem");
    Files.writeString(keyStore, certificates.keyPem() + client.pem());
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("DB_SSLMODE", "verify-ca");
    settings.put("KAFKA_BOOTSTRAP_SERVERS", HOST + ":" + CERTIFICATES_PORT);
    settings.put("KAFKA_CLIENT_SECURITY_PROTOCOL", "SSL");
    settings.put("KAFKA_CLIENT_SASL_MECHANISM", "");
    settings.put("KAFKA_CLIENT_SASL_JAAS_CONFIG", "");
    settings.put("KAFKA_CLIENT_SSL_TRUSTSTORE_PASSWORD", "");
    settings.put("KAFKA_CLIENT_SSL_TRUSTSTORE_TYPE", "PEM");
    settings.put("KAFKA_CLIENT_SSL_TRUSTSTORE_LOCATION", certificates.authorityPem().toString());
    settings.put("KAFKA_CLIENT_SSL_KEYSTORE_TYPE", "PEM");
    settings.put("KAFKA_CLIENT_SSL_KEYSTORE_LOCATION", keyStore.toString());
    settings.put("KAFKA_TOPIC", "tlsPem");
    settings.put("KAFKA_GROUP_ID", "tlsPem");
    Application pem = application("tlsPem", settings);
    try (pem;
        Topic pemTopic = new Topic("tlsPem", kafka)) {
      Pipeline.awaitReady(pem.start());
      awaitEventSent(pem);
      // the broker requires a certificate, and the one that asks for its own has none
      awaitExpiry(
          pem,
          Map.of(
              "broker", valid.expiry(),
              "kafka-keystore", client.expiry(),
              "kafka-truststore", certificates.authorityExpiry()));

      assertEverythingStoredExactlyOnce(pemTopic, "tlsPem");
    } finally {
      postgres.certificate(valid.pem());
    }
  }

  @Test
  @Order(8)
  void anUnreadableTrustStoreStopsTheStartAndIsReported() throws Exception {
    try (Application refused =
        application("tlsStore", Map.of("KAFKA_CLIENT_SSL_TRUSTSTORE_PASSWORD", WRONG_PASSWORD))
            .start()) {
      await("refused")
          .atMost(Pipeline.PATIENCE)
          .until(
              () ->
                  refused.log().stream()
                      .anyMatch(
                          line ->
                              line.contains("Settings KAFKA_CLIENT_* are refused")
                                  && line.contains("trust.PKCS12")
                                  && line.contains("password was incorrect")
                                  && line.endsWith("The application does not start.")));
    }
  }

  @Test
  @Order(9)
  void secretsAreNeitherLoggedNorReturned() throws Exception {
    String[] secrets = {
      postgres.password(),
      KAFKA_PASSWORD,
      WRONG_PASSWORD,
      Certificates.PASSWORD,
      "ScramLoginModule",
      "PRIVATE KEY"
    };
    assertThat(ANSWERS).isNotEmpty();
    assertThat(String.join("\n", ANSWERS)).doesNotContain(secrets);
    assertThat(APPLICATIONS).hasSize(6);
    for (Application instance : APPLICATIONS) {
      assertThat(instance.logFiles()).hasSizeGreaterThan(1);
      for (Path file : instance.logFiles()) {
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        assertThat(text).as(file.toString()).doesNotContain(secrets);
      }
    }
  }
}
