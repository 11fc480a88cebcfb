package dev.datapipeline.http;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;

/**
 * Answers requests that the server itself refuses before a resource is reached. The server's own
 * error page would reveal internals.
 */
@WebServlet("/error")
public class ErrorPage extends HttpServlet {
  private static final long serialVersionUID = 1L;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Status status = status(request);
    Problem.of(status, status.getReasonPhrase()).writeTo(response);
  }

  private static Status status(HttpServletRequest request) {
    Integer code = (Integer) request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    Status status = code == null ? null : Status.fromStatusCode(code);
    if (status == Status.INTERNAL_SERVER_ERROR && !isUri(request)) {
      // the server fails on a malformed address
      return Status.BAD_REQUEST;
    }
    return status == null ? Status.NOT_FOUND : status;
  }

  private static boolean isUri(HttpServletRequest request) {
    try {
      new URI(String.valueOf(request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI)));
      return true;
    } catch (URISyntaxException e) {
      return false;
    }
  }
}
