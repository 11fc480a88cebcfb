package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.AddressRange;
import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PasswordThrottleTest {
  private static final InetAddress ATTACKER = address("203.0.113.9");
  private static final InetAddress OTHER = address("203.0.113.10");

  private long now = Long.MAX_VALUE - 1000; // System.nanoTime may overflow
  private final PasswordThrottle throttle = new PasswordThrottle(() -> now);

  private static InetAddress address(String text) {
    return AddressRange.literal(text).orElseThrow();
  }

  private void guess(InetAddress address, int times) {
    for (int i = 0; i < times; i++) {
      throttle.failed(address);
    }
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  void someMistakesAreFree() {
    guess(ATTACKER, PasswordThrottle.FREE_ATTEMPTS - 1);

    assertThat(throttle.pause(ATTACKER)).isZero();
  }

  @Test
  void whoGuessesMustWaitLongerAndLonger() {
    guess(ATTACKER, PasswordThrottle.FREE_ATTEMPTS);
    Duration first = throttle.pause(ATTACKER);
    assertThat(first).isPositive().isLessThanOrEqualTo(PasswordThrottle.FIRST_PAUSE);

    pass(first);
    assertThat(throttle.pause(ATTACKER)).isZero();
    guess(ATTACKER, 20);
    assertThat(throttle.pause(ATTACKER))
        .isBetween(PasswordThrottle.LONGEST_PAUSE.dividedBy(2), PasswordThrottle.LONGEST_PAUSE);
    assertThat(throttle.pause(OTHER)).isZero();
  }

  @Test
  void aRightPasswordEndsIt() {
    guess(ATTACKER, 20);

    throttle.succeeded(ATTACKER);

    guess(ATTACKER, PasswordThrottle.FREE_ATTEMPTS - 1);
    assertThat(throttle.pause(ATTACKER)).isZero();
  }

  @Test
  void quietTimeEndsIt() {
    guess(ATTACKER, 20);

    pass(PasswordThrottle.MEMORY);

    assertThat(throttle.pause(ATTACKER)).isZero();
    guess(ATTACKER, 1);
    assertThat(throttle.pause(ATTACKER)).isZero();
  }

  @Test
  void anIpv6NetworkIsOneAddress() {
    for (int i = 0; i < PasswordThrottle.FREE_ATTEMPTS; i++) {
      throttle.failed(address("2001:db8:0:1::" + i));
    }

    assertThat(throttle.pause(address("2001:db8:0:1:ffff::1"))).isPositive();
    assertThat(throttle.pause(address("2001:db8:0:2::1"))).isZero();
  }

  @Test
  void memoryIsBounded() {
    guess(ATTACKER, 20);
    for (int i = 0; i < PasswordThrottle.MAX_ADDRESSES; i++) {
      throttle.failed(address("10.%d.%d.%d".formatted(i >> 16, i >> 8 & 0xFF, i & 0xFF)));
    }

    assertThat(throttle.pause(ATTACKER)).isZero();
  }
}
