package dev.datapipeline.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A range of IP addresses in CIDR notation, such as {@code 10.0.0.0/8}. Immutable.
 *
 * @param network an address in the range
 * @param prefix how many of its leading bits all addresses in the range share
 */
public record AddressRange(InetAddress network, int prefix) {
  private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  /**
   * Reads a range.
   *
   * @param text an address, or an address, a slash and the length of the prefix in bits
   * @return the range
   * @throws IllegalArgumentException if the text is neither
   */
  static AddressRange parse(String text) {
    String[] parts = text.split("/", 2);
    InetAddress network = literal(parts[0]).orElseThrow(IllegalArgumentException::new);
    int bits = network.getAddress().length * Byte.SIZE;
    int prefix = parts.length == 1 ? bits : Integer.parseInt(parts[1]);
    if (prefix < 0 || prefix > bits) {
      throw new IllegalArgumentException();
    }
    return new AddressRange(network, prefix);
  }

  /**
   * Reads an IP address. Never queries DNS.
   *
   * @param text an IPv4 or IPv6 address
   * @return empty if the text is anything else
   */
  public static Optional<InetAddress> literal(String text) {
    if (!LITERAL.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByName(text));
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  /** Returns the range in CIDR notation. */
  @Override
  public String toString() {
    return network.getHostAddress() + "/" + prefix;
  }

  /**
   * Returns whether the address is in this range.
   *
   * @param address an IPv4 or IPv6 address
   * @return false also if the address is of the other kind
   */
  public boolean contains(InetAddress address) {
    byte[] ours = network.getAddress();
    byte[] theirs = address.getAddress();
    if (ours.length != theirs.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      int mask = 0x80 >> bit % Byte.SIZE;
      if (((ours[bit / Byte.SIZE] ^ theirs[bit / Byte.SIZE]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }
}
