package dev.datapipeline.api;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Answers what the server refuses before a resource is reached. The server's own page would show
 * its insides.
 */
@WebServlet("/error")
public class ErrorPage extends HttpServlet {
  private static final long serialVersionUID = 1L;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Status status = status(request);
    response.setStatus(status.getStatusCode());
    response.setContentType(Problem.MEDIA_TYPE);
    response
        .getOutputStream()
        .write(
            Problem.of(status, status.getReasonPhrase()).text().getBytes(StandardCharsets.UTF_8));
  }

  private static Status status(HttpServletRequest request) {
    if (request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof IllegalArgumentException
        && request.getAttribute(RequestDispatcher.ERROR_SERVLET_NAME) == null) {
      // no servlet was reached because of the request's address
      return Status.BAD_REQUEST;
    }
    Integer code = (Integer) request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    Status status = code == null ? null : Status.fromStatusCode(code);
    return status == null ? Status.NOT_FOUND : status;
  }
}
