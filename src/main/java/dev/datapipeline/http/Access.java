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
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Decides who may call the API. The decision depends on the HTTP method alone and is made before a
 * resource is looked up, so an operation that is added later cannot be open by mistake: everything
 * except a read requires the operator.
 */
@WebFilter(urlPatterns = "/api/*", asyncSupported = true)
public class Access extends HttpFilter {
  private static final long serialVersionUID = 1L;
  private static final Set<String> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD);
  private static final String BEARER = "Bearer ";
  private static final Logger LOG = Logger.getLogger(Access.class.getName());

  private transient ReadPolicy readPolicy;
  @Inject private transient ApiConfig config;
  @Inject private transient Operator operator;

  /** The issuer of tokens; tokens are not accepted if it is not set. */
  @Inject
  @ConfigProperty(name = "mp.jwt.verify.issuer")
  private transient Optional<String> tokenIssuer;

  @Override
  public void init() {
    readPolicy = new ReadPolicy(config.readAccess(), config.httpAddress(), Gateway.address());
  }

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    boolean read = READS.contains(request.getMethod());
    if (!read
        && isFromAnotherSite(request.getHeader("Origin"), request.getHeader(HttpHeaders.HOST))) {
      Problem.of(Response.Status.FORBIDDEN, "requests from pages of other sites are not allowed")
          .writeTo(response);
    } else if (read && readPolicy.allows(request.getRemoteAddr(), request::getHeader)
        || isOperator(request, response)) {
      chain.doFilter(request, response);
    } else {
      refuse(request, response);
    }
  }

  private boolean isOperator(HttpServletRequest request, HttpServletResponse response) {
    String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (tokenIssuer.isPresent() && authorization != null && isBearer(authorization)) {
      return hasToken(request, response);
    }
    return Credentials.parse(authorization)
        .filter(credentials -> operator.accepts(credentials.user(), credentials.password()))
        .isPresent();
  }

  private static boolean isBearer(String authorization) {
    return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
  }

  /** Lets the server check the token. The token's groups become the caller's roles. */
  private static boolean hasToken(HttpServletRequest request, HttpServletResponse response) {
    try {
      return request.authenticate(response) && request.isUserInRole(Roles.OPERATOR);
    } catch (IOException | ServletException e) {
      LOG.log(Level.FINE, "token rejected", e);
      return false;
    }
  }

  private static void refuse(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getHeader(HttpHeaders.AUTHORIZATION) != null) {
      // the user name is left out, because people type passwords into the wrong field
      LOG.warning(
          "credentials that are not the operator's were refused; they came from "
              + request.getRemoteAddr());
    }
    if (request.getUserPrincipal() == null) {
      Problem.of(Response.Status.UNAUTHORIZED, "the operator's name and password are required")
          .withHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"datapipeline\"")
          .writeTo(response);
    } else {
      Problem.of(Response.Status.FORBIDDEN, "the role " + Roles.OPERATOR + " is required")
          .writeTo(response);
    }
  }

  /**
   * Returns whether a page of another site made the browser send the request. The browser would add
   * the operator's password to it, if the user has entered it before.
   *
   * @param origin the header {@code Origin}; null if it is missing
   * @param host the header {@code Host}; null if it is missing
   */
  static boolean isFromAnotherSite(String origin, String host) {
    if (origin == null) {
      return false;
    }
    try {
      return host == null || !host.equals(URI.create(origin).getRawAuthority());
    } catch (IllegalArgumentException e) {
      return true;
    }
  }
}
