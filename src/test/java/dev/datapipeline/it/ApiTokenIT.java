package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MicroProfile JWT: a token of the issuer that the settings name is as good as the password. */
class ApiTokenIT {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "datapipeline";
  private static final int HOUR = 3600;

  private static KeyPair keys;
  private static Pipeline pipeline;
  private static Api api;

  @BeforeAll
  static void start(@TempDir Path folder) throws GeneralSecurityException, IOException {
    keys = newKeys();
    pipeline =
        new Pipeline("token", 1)
            .with("OPERATOR_PASSWORD", Api.PASSWORD)
            .with("MP_JWT_VERIFY_ISSUER", ISSUER)
            .with("MP_JWT_VERIFY_AUDIENCES", AUDIENCE)
            .with("MP_JWT_VERIFY_PUBLICKEY_LOCATION", publicKey(folder).toUri().toString())
            .with("keystore_password", "only-for-this-test-too");
    api = new Api(pipeline.running().httpPort());
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static Path publicKey(Path folder) throws IOException {
    return Files.writeString(
        folder.resolve("issuer.pem"),
        "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n"
            .formatted(Base64.getMimeEncoder().encodeToString(keys.getPublic().getEncoded())));
  }

  private static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    return generator.generateKeyPair();
  }

  private static String token(
      PrivateKey key, String issuer, String audience, int lifetimeSeconds, String group)
      throws GeneralSecurityException {
    long now = Instant.now().getEpochSecond();
    String claims =
        Json.createObjectBuilder()
            .add("iss", issuer)
            .add("aud", audience)
            .add("sub", "jane")
            .add("upn", "jane@issuer.example")
            .add("jti", UUID.randomUUID().toString())
            .add("iat", now - HOUR)
            .add("exp", now + lifetimeSeconds)
            .add("groups", Json.createArrayBuilder(List.of(group)))
            .build()
            .toString();
    String signed = encoded("{\"typ\":\"JWT\",\"alg\":\"RS256\"}") + "." + encoded(claims);
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(key);
    signature.update(signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
  }

  private static String encoded(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }

  private static int status(String authorization) {
    return api.request(
            "POST",
            "/api/events",
            BodyPublishers.ofString("{}"),
            Map.of("Content-Type", "application/json", "Authorization", authorization))
        .statusCode();
  }

  @Test
  void aTokenOfTheIssuerWithTheGroupIsTheOperators() throws GeneralSecurityException {
    assertThat(status("Bearer " + token(keys.getPrivate(), ISSUER, AUDIENCE, HOUR, "operator")))
        .isEqualTo(202);
  }

  @Test
  void thePasswordIsTakenAsWell() {
    assertThat(status(Api.basic(Api.USER, Api.PASSWORD))).isEqualTo(202);
    assertThat(status(Api.basic(Api.USER, "wrong"))).isEqualTo(401);
  }

  @Test
  void everyOtherTokenIsRefused() throws GeneralSecurityException {
    PrivateKey mine = keys.getPrivate();
    String good = token(mine, ISSUER, AUDIENCE, HOUR, "operator");
    assertThat(status("Bearer " + token(mine, ISSUER, AUDIENCE, HOUR, "reader"))).isEqualTo(403);
    List<String> wrong =
        List.of(
            token(newKeys().getPrivate(), ISSUER, AUDIENCE, HOUR, "operator"),
            token(mine, "https://other.example", AUDIENCE, HOUR, "operator"),
            token(mine, ISSUER, "another-service", HOUR, "operator"),
            token(mine, ISSUER, AUDIENCE, -HOUR / 2, "operator"),
            encoded("{\"typ\":\"JWT\",\"alg\":\"none\"}") + "." + good.split("\\.")[1] + ".",
            good.substring(0, good.lastIndexOf('.')) + ".",
            "nonsense");
    for (String token : wrong) {
      assertThat(status("Bearer " + token)).as(token).isEqualTo(401);
    }
  }
}
