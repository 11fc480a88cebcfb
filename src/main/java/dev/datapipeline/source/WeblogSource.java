package dev.datapipeline.source;

import dev.datapipeline.config.WeblogConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Simulates the access log of an online shop. Visitors arrive, follow links from page to page and
 * leave; some of them are robots. There is more traffic by day than by night. Most responses are
 * fast and a few are very slow. A visitor leaves after a failed response.
 *
 * <p>The seed and the clock determine all events.
 */
@ApplicationScoped
public class WeblogSource implements EventSource {
  private static final int PRODUCTS = 400;

  /** A kind of page: its response time, size and failure rate, and the pages it links to. */
  private enum Page {
    HOME(40, 18_000, 0.001),
    SEARCH(140, 24_000, 0.004),
    CATEGORY(70, 30_000, 0.002),
    PRODUCT(60, 22_000, 0.002),
    CART(50, 9_000, 0.003),
    CHECKOUT(260, 6_000, 0.012),
    ROBOTS(3, 120, 0);

    private final double typicalMillis;
    private final int typicalBytes;
    private final double failureRate;

    Page(double typicalMillis, int typicalBytes, double failureRate) {
      this.typicalMillis = typicalMillis;
      this.typicalBytes = typicalBytes;
      this.failureRate = failureRate;
    }

    /** Returns the next page of the visitor; null if the visitor leaves. */
    Page next(Random random) {
      double r = random.nextDouble();
      return switch (this) {
        case HOME -> r < 0.35 ? CATEGORY : r < 0.60 ? SEARCH : r < 0.72 ? PRODUCT : null;
        case SEARCH -> r < 0.55 ? PRODUCT : r < 0.75 ? SEARCH : r < 0.80 ? HOME : null;
        case CATEGORY -> r < 0.58 ? PRODUCT : r < 0.74 ? CATEGORY : r < 0.80 ? SEARCH : null;
        case PRODUCT ->
            r < 0.30 ? PRODUCT : r < 0.48 ? CATEGORY : r < 0.60 ? CART : r < 0.66 ? SEARCH : null;
        case CART -> r < 0.40 ? CHECKOUT : r < 0.62 ? PRODUCT : r < 0.68 ? HOME : null;
        case CHECKOUT -> r < 0.10 ? CART : r < 0.20 ? HOME : null;
        case ROBOTS -> PRODUCT;
      };
    }

    String path(Random random) {
      return switch (this) {
        case HOME -> "/";
        case SEARCH -> "/search?q=" + pick(SEARCHES, random);
        case CATEGORY -> "/c/" + pick(CATEGORIES, random) + "?page=" + (1 + random.nextInt(5));
        // a few products are much more popular than the others
        case PRODUCT -> "/p/" + (1 + (int) (PRODUCTS * Math.pow(random.nextDouble(), 3)));
        case CART -> "/cart";
        case CHECKOUT -> "/checkout";
        case ROBOTS -> "/robots.txt";
      };
    }
  }

  private static final String[] SEARCHES = {
    "bicycle+lamp", "helmet", "inner+tube+28", "lock", "mudguard", "panniers", "pump", "saddle"
  };
  private static final String[] CATEGORIES = {
    "brakes", "clothing", "lights", "locks", "tools", "tyres"
  };
  private static final String[] REFERRERS = {
    "-",
    "-",
    "https://search.example/",
    "https://search.example/",
    "https://search.example/",
    "https://social.example/feed",
    "https://forum.example/t/which-lamp",
    "https://news.example/"
  };
  private static final String[] BROWSERS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        + " Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
        + " Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        + " Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        + " Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
  };
  private static final String ROBOT =
      "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://search.example/bot)";

  /** A session. Robots start at {@code /robots.txt} and send no referrer. */
  private static final class Visitor {
    private final String session;
    private final String address;
    private final String userAgent;
    private Page page;
    private String referrer;

    Visitor(Random random) {
      session = "%016x".formatted(random.nextLong());
      boolean robot = random.nextDouble() < 0.06;
      // address ranges reserved for documentation
      address =
          random.nextInt(5) == 0
              ? "2001:db8:%x:%x::%x"
                  .formatted(random.nextInt(65_536), random.nextInt(65_536), 1 + random.nextInt(99))
              : pick(new String[] {"192.0.2.", "198.51.100.", "203.0.113."}, random)
                  + (1 + random.nextInt(254));
      userAgent = robot ? ROBOT : pick(BROWSERS, random);
      referrer = robot ? "-" : pick(REFERRERS, random);
      page = robot ? Page.ROBOTS : random.nextDouble() < 0.5 ? Page.HOME : Page.PRODUCT;
    }
  }

  private final InstantSource clock;
  private final Random random;
  private final int maxVisitors;
  private final List<Visitor> visitors = new ArrayList<>();

  /** Required by CDI for client proxies; do not call. */
  protected WeblogSource() {
    clock = null;
    random = null;
    maxVisitors = 0;
  }

  /**
   * Creates a shop without visitors.
   *
   * @param config the maximum number of visitors, and the seed
   */
  @Inject
  public WeblogSource(WeblogConfig config) {
    this(config, Clock.systemUTC());
  }

  WeblogSource(WeblogConfig config, InstantSource clock) {
    this.clock = clock;
    this.random = new Random(config.seed());
    this.maxVisitors = config.visitors();
  }

  @Override
  public String name() {
    return "weblog";
  }

  private static String pick(String[] from, Random random) {
    return from[random.nextInt(from.length)];
  }

  /** Returns the traffic relative to the peak: 10 % at 04:00 UTC, 100 % at 16:00 UTC. */
  private static double trafficShare(Instant now) {
    double dayFraction =
        now.atOffset(ZoneOffset.UTC).getLong(ChronoField.MILLI_OF_DAY) / 86_400_000.0;
    return 0.55 - 0.45 * Math.cos(2 * Math.PI * (dayFraction - 4.0 / 24));
  }

  @Override
  public synchronized List<Event> next(int max) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    double wanted = max * trafficShare(now);
    int requests = (int) wanted + (random.nextDouble() < wanted % 1 ? 1 : 0);
    List<Event> events = new ArrayList<>(requests);
    for (int i = 0; i < requests; i++) {
      events.add(request(now));
    }
    return events;
  }

  private Event request(Instant now) {
    boolean isNew =
        visitors.isEmpty() || (visitors.size() < maxVisitors && random.nextDouble() < 0.25);
    int index = isNew ? visitors.size() : random.nextInt(visitors.size());
    if (isNew) {
      visitors.add(new Visitor(random));
    }
    Visitor visitor = visitors.get(index);
    Page page = visitor.page;
    String path = page.path(random);
    int status = status(page);
    long bytes = bytes(page, status);
    String json =
        "{\"timestamp\":\"%s\",\"session\":\"%s\",\"client\":\"%s\",\"method\":\"%s\",\"path\":\"%s\",\"status\":%d,\"bytes\":%d,\"duration_ms\":%d,\"referrer\":\"%s\",\"user_agent\":\"%s\"}"
            .formatted(
                now,
                visitor.session,
                visitor.address,
                page == Page.CHECKOUT ? "POST" : "GET",
                path,
                status,
                bytes,
                millis(page, status),
                visitor.referrer,
                visitor.userAgent);
    Page next = status < 400 ? page.next(random) : null;
    if (next == null) {
      // the last visitor takes the place of the one that leaves
      visitors.set(index, visitors.get(visitors.size() - 1));
      visitors.remove(visitors.size() - 1);
    } else {
      visitor.page = next;
      visitor.referrer = visitor.userAgent.equals(ROBOT) ? "-" : "https://shop.example" + path;
    }
    return new Event(visitor.session, now, json.getBytes(StandardCharsets.UTF_8));
  }

  private int status(Page page) {
    double r = random.nextDouble();
    if (r < page.failureRate) {
      return r < page.failureRate / 4 ? 503 : 500;
    }
    return switch (page) {
      case PRODUCT -> r < 0.02 ? 404 : r < 0.03 ? 301 : r < 0.13 ? 304 : 200;
      case CHECKOUT -> r < 0.06 ? 422 : 303;
      case HOME -> r < 0.20 ? 304 : 200;
      default -> 200;
    };
  }

  private long bytes(Page page, int status) {
    return switch (status) {
      case 304 -> 0;
      case 200 -> Math.max(1, Math.round(page.typicalBytes * (1 + 0.2 * random.nextGaussian())));
      default -> 300 + random.nextInt(900);
    };
  }

  /** Returns a log-normal response time; one response in a hundred is much slower. */
  private long millis(Page page, int status) {
    double millis = page.typicalMillis * Math.exp(0.5 * random.nextGaussian());
    if (random.nextDouble() < 0.01 || status >= 500) {
      millis *= Math.min(200, 5 / Math.sqrt(1 - random.nextDouble()));
    }
    return Math.max(1, Math.round(status == 304 ? millis / 4 : millis));
  }
}
