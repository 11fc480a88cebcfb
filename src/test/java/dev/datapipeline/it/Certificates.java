package dev.datapipeline.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A trusted certificate authority, an untrusted one, and certificates that they issued for one key.
 * Created with the JDK's {@code keytool}.
 */
final class Certificates {
  /** The password of every store. */
  static final String PASSWORD = "store-secret-4711";

  private static final String KEY = "key";
  private static final String AUTHORITY = "authority";
  private static final String STRANGER = "stranger";

  private final Path directory;
  private final Path keys;
  private final Path request;

  /** The certificate chain that a server or a client presents. */
  final class Identity {
    private final String name;
    private final List<Certificate> chain;

    private Identity(String name, List<Certificate> chain) {
      this.name = name;
      this.chain = chain;
    }

    /** Returns the certificate and its issuer's, in PEM. */
    String pem() {
      return Certificates.pem(chain);
    }

    Instant expiry() {
      return Certificates.expiry(chain.get(0));
    }

    /** Returns a PKCS12 file with the key and the chain. */
    Path keyStore() throws GeneralSecurityException, IOException {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(KEY, key(), PASSWORD.toCharArray(), chain.toArray(new Certificate[0]));
      return save(store, name + ".p12");
    }
  }

  /**
   * Creates the two authorities and the key.
   *
   * @param directory for the files; empty
   */
  Certificates(Path directory) {
    this.directory = directory;
    keys = directory.resolve("keys.p12");
    request = directory.resolve("request.csr");
    for (String authority : List.of(AUTHORITY, STRANGER)) {
      keytool(
          "-genkeypair",
          "-alias",
          authority,
          "-dname",
          "CN=" + authority,
          "-keyalg",
          "EC",
          "-ext",
          "bc:c");
    }
    keytool("-genkeypair", "-alias", KEY, "-dname", "CN=" + KEY, "-keyalg", "EC");
    keytool("-certreq", "-alias", KEY, "-file", request.toString());
  }

  Identity valid(String name, String host) {
    return issue(name, AUTHORITY, host, "-0d", 30);
  }

  Identity expired(String host) {
    return issue("expired", AUTHORITY, host, "-20d", 10);
  }

  Identity ofAStranger(String host) {
    return issue("of-a-stranger", STRANGER, host, "-0d", 30);
  }

  private Identity issue(String name, String authority, String host, String from, int days) {
    Path file = directory.resolve(name + ".crt");
    keytool(
        "-gencert",
        "-alias",
        authority,
        "-infile",
        request.toString(),
        "-outfile",
        file.toString(),
        "-dname",
        "CN=" + name,
        "-ext",
        "san=dns:" + host,
        "-startdate",
        from,
        "-validity",
        Integer.toString(days),
        "-rfc");
    try (var in = Files.newInputStream(file)) {
      Certificate own = CertificateFactory.getInstance("X.509").generateCertificate(in);
      return new Identity(name, List.of(own, keys().getCertificate(authority)));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Instant expiry(Certificate certificate) {
    return ((X509Certificate) certificate).getNotAfter().toInstant();
  }

  Instant authorityExpiry() throws GeneralSecurityException, IOException {
    return expiry(keys().getCertificate(AUTHORITY));
  }

  /** Returns a PEM file with the authority's certificate. */
  Path authorityPem() throws GeneralSecurityException, IOException {
    return Files.writeString(
        directory.resolve("ca.pem"), pem(List.of(keys().getCertificate(AUTHORITY))));
  }

  /** Returns a trust store with the authority's certificate. Written once: the broker reads it. */
  Path trustStore(String type) throws GeneralSecurityException, IOException {
    Path file = directory.resolve("trust." + type);
    if (Files.exists(file)) {
      return file;
    }
    KeyStore store = KeyStore.getInstance(type);
    store.load(null, null);
    store.setCertificateEntry(AUTHORITY, keys().getCertificate(AUTHORITY));
    return save(store, "trust." + type);
  }

  /** Returns the key in PEM (PKCS 8). */
  String keyPem() throws GeneralSecurityException, IOException {
    return pem("PRIVATE KEY", key().getEncoded());
  }

  private Key key() throws GeneralSecurityException, IOException {
    return keys().getKey(KEY, PASSWORD.toCharArray());
  }

  private KeyStore keys() throws GeneralSecurityException, IOException {
    return KeyStore.getInstance(keys.toFile(), PASSWORD.toCharArray());
  }

  private Path save(KeyStore store, String name) throws GeneralSecurityException, IOException {
    Path file = directory.resolve(name);
    try (var out = Files.newOutputStream(file)) {
      store.store(out, PASSWORD.toCharArray());
    }
    return file;
  }

  private static String pem(List<Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    try {
      for (Certificate certificate : certificates) {
        text.append(pem("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    return text.toString();
  }

  private static String pem(String label, byte[] content) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, base64, label);
  }

  private void keytool(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("-keystore", keys.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
    // it runs for a moment only
    command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"));
    Path output = directory.resolve("keytool.log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IllegalStateException("keytool failed: " + Files.readString(output));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
