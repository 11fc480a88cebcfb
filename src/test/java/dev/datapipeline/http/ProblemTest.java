package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.ws.rs.core.Response.Status;
import org.junit.jupiter.api.Test;

class ProblemTest {
  @Test
  void aProblemIsWrittenAsRfc9457() {
    assertThat(
            Problem.of(Status.BAD_REQUEST, "line 2 is wrong")
                .with("line", 2)
                .with("accepted", 1)
                .json())
        .hasToString(
            "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                + "\"detail\":\"line 2 is wrong\",\"line\":2,\"accepted\":1}");
  }

  @Test
  void addingAMemberDoesNotChangeTheOriginal() {
    Problem problem = Problem.of(Status.NOT_FOUND, "missing");

    problem.with("line", 1);

    assertThat(problem.json()).doesNotContainKey("line");
  }
}
