package dev.datapipeline.config;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;

/**
 * Reads settings and checks them against their bounds. A setting is identified by its environment
 * variable. Its MicroProfile Config property has the same name in lower case, with dots. The
 * defaults are in {@code META-INF/microprofile-config.properties}.
 *
 * <p>Every method throws {@link InvalidSettingException} if the value is missing or not allowed.
 */
final class Settings {
  private final Config config;

  Settings(Config config) {
    this.config = config;
  }

  String text(String setting, Pattern pattern, String allowed) {
    return read(
        setting,
        allowed,
        value -> {
          if (!pattern.matcher(value).matches()) {
            throw new IllegalArgumentException();
          }
          return value;
        });
  }

  /** Returns a secret setting, or an empty value if it isn't set. Never logged. */
  Optional<String> secret(String setting, int minLength, int maxLength) {
    // a file in a variable directory of the server has the name of the environment variable
    Optional<String> value =
        config
            .getOptionalValue(property(setting), String.class)
            .or(() -> config.getOptionalValue(setting, String.class));
    if (value.isPresent()
        && (value.get().length() < minLength || value.get().length() > maxLength)) {
      throw new InvalidSettingException(
          setting, "(hidden)", "%d to %d characters".formatted(minLength, maxLength));
    }
    return value;
  }

  /** Returns the first setting if it has a value, and the second one otherwise. */
  String firstSet(String setting, String otherwise) {
    return config.getConfigValue(property(setting)).getValue() != null ? setting : otherwise;
  }

  private static String property(String setting) {
    return setting.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /** Returns the elements of a setting, which commas separate; none if it is empty. */
  <T> List<T> list(String setting, Function<String, T> parser, String allowed) {
    return read(
        setting,
        allowed,
        value ->
            value.isEmpty()
                ? List.of()
                : Stream.of(value.split(",", -1)).map(String::strip).map(parser).toList());
  }

  boolean flag(String setting) {
    return read(
        setting,
        "true or false",
        value ->
            switch (value.toLowerCase(Locale.ROOT)) {
              case "true" -> true;
              case "false" -> false;
              default -> throw new IllegalArgumentException();
            });
  }

  int integer(String setting, int min, int max) {
    return (int) number(setting, min, max, "");
  }

  long bytes(String setting, long min, long max) {
    return number(setting, min, max, " (bytes)");
  }

  long number(String setting, long min, long max) {
    return number(setting, min, max, "");
  }

  private long number(String setting, long min, long max, String unit) {
    return read(
        setting,
        "a whole number from %d to %d%s".formatted(min, max, unit),
        value -> within(Long.parseLong(value), min, max));
  }

  Duration duration(String setting, Duration min, Duration max) {
    return read(
        setting,
        "an ISO-8601 duration such as PT1S, from %s to %s".formatted(min, max),
        value -> {
          try {
            return within(Duration.parse(value), min, max);
          } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(e);
          }
        });
  }

  private static <T extends Comparable<T>> T within(T value, T min, T max) {
    if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
      throw new IllegalArgumentException();
    }
    return value;
  }

  private <T> T read(String setting, String allowed, Function<String, T> parser) {
    String value = config.getConfigValue(property(setting)).getValue();
    try {
      return parser.apply(value == null ? "" : value.strip());
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(setting, value, allowed);
    }
  }
}
