package dev.datapipeline.api.live;

import jakarta.inject.Inject;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * Accepts clients of the live feed. The answer is a stream of server-sent events that lasts until
 * the client disconnects. This is a servlet rather than a JAX-RS resource because a servlet can
 * write without blocking: an open dashboard needs no thread.
 */
@WebServlet(urlPatterns = "/api/live", asyncSupported = true)
public class LiveServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;

  @Inject private transient LiveFeed feed;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setHeader("Cache-Control", "no-store");
    if (feed.isFull()) {
      response.setHeader("Retry-After", "10");
      response.sendError(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      return;
    }
    response.setContentType("text/event-stream;charset=utf-8");
    // stops proxies from buffering the events
    response.setHeader("X-Accel-Buffering", "no");
    AsyncContext context = request.startAsync();
    context.setTimeout(0);
    Viewer viewer = feed.add(context, response.getOutputStream());
    context.addListener(
        new AsyncListener() {
          @Override
          public void onComplete(AsyncEvent event) {
            viewer.close();
          }

          @Override
          public void onError(AsyncEvent event) {
            viewer.close();
          }

          @Override
          public void onTimeout(AsyncEvent event) {
            viewer.close();
          }

          @Override
          public void onStartAsync(AsyncEvent event) {
            // this request is started only once
          }
        });
    viewer.start();
  }

  @Override
  protected void doHead(HttpServletRequest request, HttpServletResponse response) {
    response.setHeader("Cache-Control", "no-store");
    response.setContentType("text/event-stream;charset=utf-8");
  }
}
