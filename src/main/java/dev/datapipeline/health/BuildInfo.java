package dev.datapipeline.health;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * Which build of the application this is.
 *
 * @param version the version in {@code pom.xml}, or "unknown"
 * @param digest a digest of the WAR, or "unknown". Two builds of the same sources have the same
 *     one, and two builds of one version that differ have different ones.
 */
record BuildInfo(String version, String digest) {
  private static final String UNKNOWN = "unknown";

  /** The URL of a resource in a WAR: {@code wsjar:file:/…/datapipeline.war!/…}. */
  private static final Pattern IN_WAR = Pattern.compile("\\w+:(file:.*?\\.war)!/.*");

  static BuildInfo ofThisApplication() {
    URL url = BuildInfo.class.getResource("BuildInfo.class");
    Matcher matcher = IN_WAR.matcher(String.valueOf(url));
    try {
      return matcher.matches()
          ? of(Path.of(java.net.URI.create(matcher.group(1))))
          : new BuildInfo(UNKNOWN, UNKNOWN);
    } catch (IOException | RuntimeException e) {
      // nothing else depends on it
      return new BuildInfo(UNKNOWN, UNKNOWN);
    }
  }

  /** Reads only the directory of the WAR, which has the checksum of each file. */
  static BuildInfo of(Path war) throws IOException {
    CRC32 digest = new CRC32();
    try (JarFile archive = new JarFile(war.toFile(), false)) {
      archive.stream()
          .forEach(file -> digest.update((file.getName() + file.getCrc()).getBytes(UTF_8)));
      String version =
          Optional.ofNullable(archive.getManifest())
              .map(Manifest::getMainAttributes)
              .map(attributes -> attributes.getValue("Implementation-Version"))
              .orElse(UNKNOWN);
      return new BuildInfo(version, "%08x".formatted(digest.getValue()));
    }
  }
}
