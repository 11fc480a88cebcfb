package dev.datapipeline.http;

import dev.datapipeline.config.AddressRange;
import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.read.OperatorActions.Action;
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
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Decides who may call the API. The decision depends on the method and the path alone and is made
 * before a resource is looked up. An operation that is added later cannot be open by mistake:
 * everything requires the operator, except reads and the posting of events.
 */
@WebFilter(urlPatterns = "/api/*", asyncSupported = true)
public class Access extends HttpFilter {
  private static final long serialVersionUID = 1L;
  private static final Set<String> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD);
  private static final String BEARER = "Bearer ";
  private static final String EVENTS = "/events";

  /** Lets a client check the operator's credentials, and changes nothing. */
  private static final String SIGN_IN = "/operator";

  private static final int MAX_ACTION_LENGTH = 2000;
  private static final int RETRY_SECONDS = 5;

  /** An IPv6 address may name the interface after it. */
  private static final String ZONE = "%.*";

  private static final Logger LOG = Logger.getLogger(Access.class.getName());

  private transient ReadPolicy readPolicy;
  private transient ClientAddress clientAddress;
  private final transient PasswordThrottle throttle = new PasswordThrottle(System::nanoTime);
  @Inject private transient ApiConfig config;
  @Inject private transient Users users;
  @Inject private transient ActionLog actions;
  @Inject private transient PipelineMetrics metrics;

  /** The issuer of tokens; tokens are not accepted if it is not set. */
  @Inject
  @ConfigProperty(name = "mp.jwt.verify.issuer")
  private transient Optional<String> tokenIssuer;

  @Override
  public void init() {
    readPolicy =
        new ReadPolicy(
            config.readAccess(),
            config.httpAddress(),
            Gateway.address(),
            !config.trustedProxies().isEmpty());
    clientAddress = new ClientAddress(config.trustedProxies());
  }

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Role required = requiredRole(request.getMethod(), request.getPathInfo());
    if (isFromAnotherSite(
        request.getHeader("Origin"),
        request.getHeader(HttpHeaders.HOST),
        request.getHeader("Sec-Fetch-Site"))) {
      Problem.of(Response.Status.FORBIDDEN, "requests from pages of other sites are not allowed")
          .writeTo(response);
    } else if (required == Role.READER && readPolicy.allows(new Call(request))) {
      chain.doFilter(request, response);
    } else {
      withCredentials(required, request, response, chain);
    }
  }

  /**
   * Returns the role that a request requires.
   *
   * @param method the HTTP method
   * @param path the path below {@code /api}, decoded; null if there is none
   */
  static Role requiredRole(String method, String path) {
    if (READS.contains(method)) {
      return Role.READER;
    }
    return method.equals(HttpMethod.POST) && EVENTS.equals(path) ? Role.PRODUCER : Role.OPERATOR;
  }

  private void withCredentials(
      Role required, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    InetAddress client = client(request);
    Duration pause =
        request.getHeader(HttpHeaders.AUTHORIZATION) == null
            ? Duration.ZERO
            : throttle.pause(client);
    if (!pause.isZero()) {
      metrics.credentialsRefused();
      Problem.of(Response.Status.TOO_MANY_REQUESTS, "too many wrong passwords from this address")
          .retryAfter(pause.toSeconds() + 1)
          .writeTo(response);
      return;
    }
    Optional<Caller> caller;
    try {
      caller = caller(request, response, client);
    } catch (RegistryUnavailableException e) {
      LOG.warning(FailureText.reason(e));
      Problem.of(Response.Status.SERVICE_UNAVAILABLE, e.getMessage())
          .retryAfter(RETRY_SECONDS)
          .writeTo(response);
      return;
    }
    if (caller.isEmpty()) {
      Problem.of(
              Response.Status.UNAUTHORIZED,
              "the name and the password of a user with the role %s are required"
                  .formatted(required.group()))
          .withHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"datapipeline\"")
          .writeTo(response);
    } else if (!caller.get().may(required)) {
      Problem.of(Response.Status.FORBIDDEN, "the role %s is required".formatted(required.group()))
          .writeTo(response);
    } else {
      boolean recorded = required == Role.OPERATOR && !SIGN_IN.equals(request.getPathInfo());
      boolean answered = false;
      try {
        chain.doFilter(request, response);
        answered = true;
      } finally {
        if (recorded) {
          int status =
              answered
                  ? response.getStatus()
                  : Response.Status.INTERNAL_SERVER_ERROR.getStatusCode();
          actions.add(action(caller.get(), client, request, status));
        }
      }
    }
  }

  private static Action action(
      Caller caller, InetAddress client, HttpServletRequest request, int status) {
    String query = request.getQueryString();
    String action =
        "%s %s%s"
            .formatted(
                request.getMethod(), request.getRequestURI(), query == null ? "" : "?" + query);
    return new Action(
        UUID.randomUUID(),
        Instant.now(),
        caller.name(),
        client.getHostAddress(),
        FailureText.oneLine(action.substring(0, Math.min(action.length(), MAX_ACTION_LENGTH))),
        status);
  }

  private InetAddress client(HttpServletRequest request) {
    // always a literal address
    InetAddress peer =
        AddressRange.literal(request.getRemoteAddr().replaceFirst(ZONE, "")).orElseThrow();
    return clientAddress.find(peer, Collections.list(request.getHeaders(ClientAddress.HEADER)));
  }

  /** Returns the caller; empty if there are no credentials, or wrong ones, which are counted. */
  private Optional<Caller> caller(
      HttpServletRequest request, HttpServletResponse response, InetAddress client) {
    String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (authorization == null) {
      return Optional.empty();
    }
    boolean token = tokenIssuer.isPresent() && isBearer(authorization);
    Optional<Caller> caller =
        token
            ? withToken(request, response)
            : Credentials.parse(authorization)
                .flatMap(credentials -> users.find(credentials.user(), credentials.password()));
    if (caller.isPresent()) {
      throttle.succeeded(client);
      return caller;
    }
    metrics.credentialsRefused();
    if (!token) {
      // tokens cannot be guessed, and a device whose token has expired must not lock out others
      throttle.failed(client);
    }
    // the user name is left out, because people type passwords into the wrong field
    LOG.warning("wrong credentials were refused; they came from " + client.getHostAddress());
    return Optional.empty();
  }

  private static boolean isBearer(String authorization) {
    return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
  }

  /** Lets the server check the token. The token's groups become the caller's roles. */
  private static Optional<Caller> withToken(
      HttpServletRequest request, HttpServletResponse response) {
    try {
      if (request.authenticate(response)) {
        return Optional.of(
            new Caller(
                request.getUserPrincipal().getName(),
                Arrays.stream(Role.values())
                    .filter(role -> request.isUserInRole(role.group()))
                    .collect(Collectors.toSet())));
      }
    } catch (IOException | ServletException e) {
      LOG.log(Level.FINE, "token rejected", e);
    }
    return Optional.empty();
  }

  /**
   * Returns whether a page of another site made the browser send the request. The browser would add
   * the password to it, if the user has entered it before, and every page can make it send requests
   * to this machine.
   *
   * @param origin the header {@code Origin}; null if it is missing
   * @param host the header {@code Host}; null if it is missing
   * @param site the header {@code Sec-Fetch-Site}; null if it is missing, as in old browsers and
   *     programs that aren't browsers
   */
  static boolean isFromAnotherSite(String origin, String host, String site) {
    if ("cross-site".equals(site) || "same-site".equals(site)) {
      return true;
    }
    if (origin == null) {
      return false;
    }
    try {
      return host == null || !host.equals(URI.create(origin).getRawAuthority());
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  /** What a servlet request tells {@link ReadPolicy}. */
  private record Call(HttpServletRequest request) implements ReadPolicy.Request {
    @Override
    public String remoteAddress() {
      return request.getRemoteAddr();
    }

    @Override
    public String protocol() {
      return request.getProtocol();
    }

    @Override
    public String header(String name) {
      return request.getHeader(name);
    }

    @Override
    public boolean isOurs() {
      return SocketOwner.isOurs(request.getRemotePort(), request.getLocalPort());
    }
  }
}
