package dev.datapipeline.http;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.util.logging.Logger;

/**
 * Turns every failure into a {@link Problem}. The cause goes to the log, in one line, and is not
 * shown to the caller.
 */
@Provider
public class FailureMapper implements ExceptionMapper<Throwable> {
  private static final Logger LOG = Logger.getLogger(FailureMapper.class.getName());
  private static final String QUERY_CANCELED = "57014";
  private static final int RETRY_SECONDS = 5;

  @Override
  public Response toResponse(Throwable failure) {
    if (failure instanceof ProblemException problem) {
      return problem.getResponse();
    }
    if (failure instanceof WebApplicationException web) {
      return fromContainer(web.getResponse());
    }
    String sqlState = FailureKind.sqlState(failure);
    if (QUERY_CANCELED.equals(sqlState)) {
      return Problem.of(
              Status.SERVICE_UNAVAILABLE,
              "the query took longer than API_QUERY_TIMEOUT; try a shorter time range")
          .retryAfter(RETRY_SECONDS)
          .response();
    }
    LOG.warning("a request failed: " + FailureText.reason(failure));
    if (FailureKind.of(failure) == FailureKind.OUTAGE) {
      return Problem.of(Status.SERVICE_UNAVAILABLE, "the database is not available")
          .retryAfter(RETRY_SECONDS)
          .response();
    }
    return Problem.of(Status.INTERNAL_SERVER_ERROR, "internal error; see the server's log")
        .response();
  }

  /**
   * Answers a failure that the container reports, such as an unknown address. Keeps the header
   * {@code Allow}, which lists the methods of a resource.
   */
  private static Response fromContainer(Response response) {
    Response.StatusType status = response.getStatusInfo();
    Problem problem =
        Problem.of(
            status,
            switch (status.getStatusCode()) {
              case 404 -> "there is no resource at this address";
              case 405 -> "this method is not allowed here";
              case 406 -> "none of the accepted media types is available here";
              case 415 -> "this media type is not supported here";
              default -> status.getReasonPhrase();
            });
    String allow = response.getHeaderString("Allow");
    return (allow == null ? problem : problem.withHeader("Allow", allow)).response();
  }
}
