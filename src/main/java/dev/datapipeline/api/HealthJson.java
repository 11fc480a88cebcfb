package dev.datapipeline.api;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** Writes health checks as JSON, as MicroProfile Health does. */
public final class HealthJson {
  private HealthJson() {}

  static JsonObject answer(boolean up, List<HealthCheckResponse> checks) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    for (HealthCheckResponse check : checks) {
      array.add(
          Json.createObjectBuilder()
              .add("name", check.getName())
              .add("status", check.getStatus().name())
              .add("data", data(check)));
    }
    return Json.createObjectBuilder()
        .add("status", up ? "UP" : "DOWN")
        .add("checks", array)
        .build();
  }

  /**
   * Returns a check's data.
   *
   * @param check the check
   * @return may be empty
   */
  public static JsonObject data(HealthCheckResponse check) {
    JsonObjectBuilder data = Json.createObjectBuilder();
    check
        .getData()
        .orElse(Map.of())
        .forEach(
            (name, value) -> {
              if (value instanceof Long number) {
                data.add(name, number);
              } else if (value instanceof Boolean flag) {
                data.add(name, flag);
              } else {
                data.add(name, String.valueOf(value));
              }
            });
    return data.build();
  }

  /**
   * Returns whether a check is UP.
   *
   * @param check the check
   */
  public static boolean isUp(HealthCheckResponse check) {
    return check.getStatus() == HealthCheckResponse.Status.UP;
  }
}
