package dev.datapipeline.http;

import dev.datapipeline.failure.Backoff;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Slows down guesses of passwords. After five wrong ones, an address must wait before it may try
 * again, longer each time, up to a minute. A right password or fifteen quiet minutes end that.
 * Addresses of the same IPv6 network (/64) count as one, since one host can use all of them.
 *
 * <p>Remembers the last 10,000 addresses. Thread-safe.
 */
final class PasswordThrottle {
  static final int FREE_ATTEMPTS = 5;
  static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  static final Duration MEMORY = Duration.ofMinutes(15);
  static final int MAX_ADDRESSES = 10_000;
  private static final int NETWORK_BYTES = 8;

  private final LongSupplier nanoTime;

  private final Map<String, Failures> failures =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
          return size() > MAX_ADDRESSES;
        }
      };

  private static final class Failures {
    private final Backoff pauses = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    private int count;
    private long lastAt;
    private Duration pause = Duration.ZERO;
  }

  /**
   * Creates a throttle.
   *
   * @param nanoTime a clock like {@link System#nanoTime}
   */
  PasswordThrottle(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Returns how long the address must wait until it may try a password; zero if it may now. */
  synchronized Duration pause(InetAddress address) {
    Failures known = failures.get(network(address));
    if (known == null) {
      return Duration.ZERO;
    }
    Duration quiet = Duration.ofNanos(nanoTime.getAsLong() - known.lastAt);
    if (quiet.compareTo(MEMORY) >= 0) {
      failures.remove(network(address));
      return Duration.ZERO;
    }
    Duration rest = known.pause.minus(quiet);
    return rest.isNegative() ? Duration.ZERO : rest;
  }

  /** Counts a wrong password. */
  synchronized void failed(InetAddress address) {
    Failures known = failures.computeIfAbsent(network(address), key -> new Failures());
    known.count++;
    known.lastAt = nanoTime.getAsLong();
    if (known.count >= FREE_ATTEMPTS) {
      known.pause = known.pauses.next();
    }
  }

  /** Forgets the wrong passwords, because a right one was given. */
  synchronized void succeeded(InetAddress address) {
    failures.remove(network(address));
  }

  private static String network(InetAddress address) {
    if (address instanceof Inet6Address) {
      byte[] bytes = address.getAddress();
      StringBuilder network = new StringBuilder("v6");
      for (int i = 0; i < NETWORK_BYTES; i++) {
        network.append(':').append(bytes[i]);
      }
      return network.toString();
    }
    return address.getHostAddress();
  }
}
