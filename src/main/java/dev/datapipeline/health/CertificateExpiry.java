package dev.datapipeline.health;

import dev.datapipeline.config.DatabaseConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.failure.RepeatedTask;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * When the certificates expire without which the application can't connect: its own, those that it
 * trusts, and those that the broker and the database present. Its own files are read once, as
 * Kafka's client does; the servers are asked every hour. Thread-safe.
 */
@ApplicationScoped
public class CertificateExpiry {
  private static final Logger LOG = Logger.getLogger(CertificateExpiry.class.getName());
  private static final int MINUTES_BETWEEN_QUESTIONS = 60;
  private static final String OWN = "ssl.keystore.";
  private static final String TRUSTED = "ssl.truststore.";
  private static final Comparator<X509Certificate> BY_EXPIRY =
      Comparator.comparing(X509Certificate::getNotAfter);
  private static final Pattern PEM =
      Pattern.compile("(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----");

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private KafkaConfig kafka;
  @Inject private DatabaseConfig database;

  private final Map<String, Instant> known = new ConcurrentHashMap<>();
  private Future<?> questions;

  /**
   * Reads the files, and asks the servers from now on. Must be called once.
   *
   * @return what tells when each certificate expires; nothing without TLS
   */
  Map<String, Supplier<Optional<Instant>>> start() {
    List<Runnable> servers = new ArrayList<>();
    List<String> names = new ArrayList<>();
    if (kafka.isEncrypted()) {
      if (kafka.clientProperties().keySet().stream().anyMatch(key -> key.startsWith(OWN))) {
        names.add("kafka-keystore");
        remember("kafka-keystore", () -> kafkaStore("keystore").stream().min(BY_EXPIRY));
      }
      if (kafka.clientProperties().keySet().stream().anyMatch(key -> key.startsWith(TRUSTED))) {
        names.add("kafka-truststore");
        // once the last one has expired, no broker is trusted
        remember("kafka-truststore", () -> kafkaStore("truststore").stream().max(BY_EXPIRY));
      }
      names.add("broker");
      servers.add(() -> remember("broker", this::ofBroker));
    }
    if (database.verifies()) {
      names.add("database-root");
      remember(
          "database-root",
          () -> pem(Files.readString(Path.of(database.sslRootCert()))).stream().max(BY_EXPIRY));
      names.add("database");
      servers.add(
          () ->
              remember(
                  "database",
                  () -> PresentedCertificates.ofPostgres(database.host(), database.port())));
    }
    if (!servers.isEmpty()) {
      questions =
          scheduler.scheduleWithFixedDelay(
              new RepeatedTask(
                  "the question for certificates", () -> servers.forEach(Runnable::run)),
              0,
              MINUTES_BETWEEN_QUESTIONS,
              TimeUnit.MINUTES);
    }
    Map<String, Supplier<Optional<Instant>>> expiry = new LinkedHashMap<>();
    names.forEach(name -> expiry.put(name, () -> Optional.ofNullable(known.get(name))));
    return expiry;
  }

  private interface Lookup {
    Optional<X509Certificate> certificate() throws IOException, GeneralSecurityException;
  }

  /** What can't be read now keeps its last value. */
  private void remember(String name, Lookup lookup) {
    try {
      lookup
          .certificate()
          .ifPresent(certificate -> known.put(name, certificate.getNotAfter().toInstant()));
    } catch (IOException | GeneralSecurityException e) {
      LOG.log(Level.FINE, e, () -> "no certificate of " + name);
    }
  }

  /** Returns the first certificate to expire of those that the bootstrap servers present. */
  private Optional<X509Certificate> ofBroker() throws GeneralSecurityException {
    List<X509Certificate> presented = new ArrayList<>();
    for (String address : kafka.bootstrapServers().split(",")) {
      int colon = address.lastIndexOf(':');
      try {
        PresentedCertificates.of(
                address.substring(0, colon).replaceAll("[\\[\\]\\s]", ""),
                Integer.parseInt(address.substring(colon + 1).strip()))
            .ifPresent(presented::add);
      } catch (IOException e) {
        // others may answer
        LOG.log(Level.FINE, e, () -> "no certificate of " + address);
      }
    }
    return presented.stream().min(BY_EXPIRY);
  }

  private List<X509Certificate> kafkaStore(String kind)
      throws IOException, GeneralSecurityException {
    Map<String, String> properties = kafka.clientProperties();
    String inline =
        properties.get(
            kind.equals("keystore") ? OWN + "certificate.chain" : TRUSTED + "certificates");
    if (inline != null) {
      return pem(inline);
    }
    String location = properties.get("ssl.%s.location".formatted(kind));
    if (location == null) {
      return List.of();
    }
    String type = properties.getOrDefault("ssl.%s.type".formatted(kind), "JKS");
    if (type.equals("PEM")) {
      return pem(Files.readString(Path.of(location)));
    }
    KeyStore store = KeyStore.getInstance(type);
    String password = properties.get("ssl.%s.password".formatted(kind));
    try (InputStream in = Files.newInputStream(Path.of(location))) {
      store.load(in, password == null ? null : password.toCharArray());
    }
    List<X509Certificate> certificates = new ArrayList<>();
    for (String alias : Collections.list(store.aliases())) {
      Certificate[] chain = store.getCertificateChain(alias);
      Stream.of(chain == null ? new Certificate[] {store.getCertificate(alias)} : chain)
          .filter(X509Certificate.class::isInstance)
          .map(X509Certificate.class::cast)
          .forEach(certificates::add);
    }
    return certificates;
  }

  private static List<X509Certificate> pem(String text) throws GeneralSecurityException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (String block : PEM.matcher(text).results().map(MatchResult::group).toList()) {
      certificates.add(
          (X509Certificate)
              factory.generateCertificate(
                  new ByteArrayInputStream(block.getBytes(StandardCharsets.US_ASCII))));
    }
    return certificates;
  }

  @PreDestroy
  void stop() {
    if (questions != null) {
      questions.cancel(true);
    }
  }
}
