package dev.datapipeline.http;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;

/** Ends a request with a {@link Problem}. */
public final class ProblemException extends WebApplicationException {
  private static final long serialVersionUID = 1L;

  ProblemException(Response response) {
    super(response);
  }
}
