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
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Who may do what. Decided by the method alone, before a resource is looked for, so that nothing
 * that is added later is open by mistake: what is not a read needs the operator.
 */
@WebFilter(urlPatterns = "/api/*", asyncSupported = true)
public class Access extends HttpFilter {
  private static final long serialVersionUID = 1L;
  private static final Set<String> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD);
  private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  /** What a proxy adds: it speaks for somebody else, who may be far away. */
  private static final List<String> PROXY_HEADERS =
      List.of("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP");

  private static final String BASIC = "Basic ";
  private static final String BEARER = "Bearer ";
  private static final Logger LOG = Logger.getLogger(Access.class.getName());

  private final transient Optional<String> gateway = Gateway.address();
  @Inject private transient ApiConfig config;
  @Inject private transient Operator operator;

  /** Who issues tokens; without it there are none. */
  @Inject
  @ConfigProperty(name = "mp.jwt.verify.issuer")
  private transient Optional<String> tokens;

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    boolean read = READS.contains(request.getMethod());
    if (!read && isFromAnotherSite(request)) {
      Problem.of(Response.Status.FORBIDDEN, "a page of another site may not do this")
          .writeTo(response);
    } else if (read && mayRead(request) || isOperator(request, response)) {
      chain.doFilter(request, response);
    } else {
      refuse(request, response);
    }
  }

  private boolean isOperator(HttpServletRequest request, HttpServletResponse response) {
    String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (tokens.isPresent() && authorization != null && isBearer(authorization)) {
      return hasToken(request, response);
    }
    if (authorization == null || !authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
      return false;
    }
    String[] credentials = credentials(authorization.substring(BASIC.length()).strip());
    return credentials.length == 2 && operator.accepts(credentials[0], credentials[1]);
  }

  private static boolean isBearer(String authorization) {
    return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
  }

  /** The server checks the token, and takes its groups for roles. */
  private static boolean hasToken(HttpServletRequest request, HttpServletResponse response) {
    try {
      return request.authenticate(response) && request.isUserInRole(Roles.OPERATOR);
    } catch (IOException | ServletException e) {
      LOG.log(Level.FINE, "the token is not accepted", e);
      return false;
    }
  }

  private static String[] credentials(String encoded) {
    try {
      return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8).split(":", 2);
    } catch (IllegalArgumentException e) {
      return new String[0];
    }
  }

  private static void refuse(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getHeader(HttpHeaders.AUTHORIZATION) != null) {
      // without the name that was given: it may be the password, by mistake
      LOG.warning(
          "credentials that are not the operator's were refused; they came from "
              + request.getRemoteAddr());
    }
    if (request.getUserPrincipal() == null) {
      Problem.of(Response.Status.UNAUTHORIZED, "this needs the operator's name and password")
          .withHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"datapipeline\"")
          .writeTo(response);
    } else {
      Problem.of(Response.Status.FORBIDDEN, "this needs the role " + Roles.OPERATOR)
          .writeTo(response);
    }
  }

  private boolean mayRead(HttpServletRequest request) {
    return switch (config.readAccess()) {
      case EVERYONE -> true;
      case OPERATOR -> false;
      case LOOPBACK -> isLocal(request) && isLoopback(request.getRemoteAddr());
      case HOST ->
          isLocal(request)
              && (isLoopback(request.getRemoteAddr())
                  || isLoopback(config.httpAddress())
                      && gateway.filter(request.getRemoteAddr()::equals).isPresent());
    };
  }

  /**
   * The caller speaks for itself, and asks for its own machine: a page of another site whose name
   * was made to lead here (DNS rebinding) asks for that name.
   */
  private static boolean isLocal(HttpServletRequest request) {
    return OWN_NAMES.contains(host(request.getHeader(HttpHeaders.HOST)))
        && PROXY_HEADERS.stream().allMatch(header -> request.getHeader(header) == null);
  }

  private static boolean isLoopback(String address) {
    try {
      // an address, never a name, so nothing is looked up
      return address != null && InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String host(String authority) {
    return authority == null ? "" : authority.replaceFirst(":\\d*$", "");
  }

  /** A browser that knows the password would send it along with what another site's page sends. */
  private static boolean isFromAnotherSite(HttpServletRequest request) {
    String origin = request.getHeader("Origin");
    if (origin == null) {
      return false;
    }
    try {
      return !String.valueOf(request.getHeader(HttpHeaders.HOST))
          .equals(URI.create(origin).getRawAuthority());
    } catch (IllegalArgumentException e) {
      return true;
    }
  }
}
