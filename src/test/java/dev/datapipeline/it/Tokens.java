package dev.datapipeline.it;

import jakarta.json.Json;
import java.io.IOException;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** An issuer of JSON Web Tokens, and tokens that imitate it. */
final class Tokens {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "datapipeline";
  private static final int HOUR = 3600;

  private final KeyPair keys = newKeys();

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the settings of an application that accepts the tokens of this issuer. */
  Map<String, String> settings(Path folder) throws IOException {
    Path publicKey =
        Files.writeString(
            folder.resolve("issuer.pem"),
            "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n"
                .formatted(Base64.getMimeEncoder().encodeToString(keys.getPublic().getEncoded())));
    return Map.of(
        "MP_JWT_VERIFY_ISSUER",
        ISSUER,
        "MP_JWT_VERIFY_AUDIENCES",
        AUDIENCE,
        "MP_JWT_VERIFY_PUBLICKEY_LOCATION",
        publicKey.toUri().toString(),
        "keystore_password",
        "only-for-this-test-too");
  }

  /** Returns a valid token of a member of the group. */
  String of(String group) throws GeneralSecurityException {
    return token(keys.getPrivate(), ISSUER, AUDIENCE, HOUR, group);
  }

  /** Returns tokens that must be refused, by the reason. */
  Map<String, String> invalid() throws GeneralSecurityException {
    PrivateKey key = keys.getPrivate();
    String good = of("operator");
    Map<String, String> tokens = new LinkedHashMap<>();
    tokens.put("another key", token(newKeys().getPrivate(), ISSUER, AUDIENCE, HOUR, "operator"));
    tokens.put("another issuer", token(key, "https://other.example", AUDIENCE, HOUR, "operator"));
    tokens.put("another audience", token(key, ISSUER, "another-service", HOUR, "operator"));
    tokens.put("expired", token(key, ISSUER, AUDIENCE, -HOUR / 2, "operator"));
    tokens.put(
        "no algorithm",
        encoded("{\"typ\":\"JWT\",\"alg\":\"none\"}") + "." + good.split("\\.")[1] + ".");
    tokens.put("no signature", good.substring(0, good.lastIndexOf('.')) + ".");
    tokens.put("no token", "nonsense");
    return tokens;
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
}
