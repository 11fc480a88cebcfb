package dev.datapipeline.http;

import dev.datapipeline.config.ApiConfig;
import jakarta.inject.Inject;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.concurrent.Semaphore;

/**
 * Limits how many requests query the database at the same time. Each one occupies a thread of the
 * server and a connection until its response is sent, which takes minutes for an export. Requests
 * above the limit are refused at once and don't wait, because waiting would take a thread, too.
 */
@WebFilter(urlPatterns = "/api/*", asyncSupported = true)
public class ReadLimit extends HttpFilter {
  private static final long serialVersionUID = 1L;
  private static final int RETRY_SECONDS = 5;

  @Inject private transient ApiConfig config;
  private transient Semaphore free;

  @Override
  public void init() {
    free = new Semaphore(config.maxReads());
  }

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (!queries(request.getMethod(), request.getPathInfo())) {
      chain.doFilter(request, response);
    } else if (free.tryAcquire()) {
      try {
        chain.doFilter(request, response);
      } finally {
        free.release();
      }
    } else {
      Problem.of(
              Response.Status.SERVICE_UNAVAILABLE,
              "API_MAX_READS requests are already querying the database")
          .retryAfter(RETRY_SECONDS)
          .writeTo(response);
    }
  }

  /**
   * Returns whether a request may query the database: any read except of the pipeline's state,
   * history and health, and the replay of dead letters.
   *
   * @param method the HTTP method
   * @param path the path below {@code /api}; null for the live feed, which has a servlet of its own
   *     and shares one query among all viewers
   */
  static boolean queries(String method, String path) {
    return path != null
        && !path.equals("/pipeline")
        && !path.equals("/history")
        && !path.startsWith("/health")
        && (method.equals(HttpMethod.GET)
            || method.equals(HttpMethod.HEAD)
            || path.startsWith("/dead-letters"));
  }
}
