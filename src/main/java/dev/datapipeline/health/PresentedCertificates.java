package dev.datapipeline.health;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Looks at the certificates that a server presents when a connection is opened. Nothing is sent
 * over the connection, so whether the server is trusted doesn't matter.
 */
final class PresentedCertificates {
  private static final int TIMEOUT_MILLIS = 5000;

  /** The message by which a client of PostgreSQL asks for TLS: its length and its code. */
  private static final int[] SSL_REQUEST = {8, 80877103};

  private PresentedCertificates() {}

  /** Returns the one that expires first; empty if the server presents none. */
  static Optional<X509Certificate> of(String host, int port)
      throws IOException, GeneralSecurityException {
    try (Socket socket = connect(host, port)) {
      return presentedOn(socket, host, port);
    }
  }

  /** As {@link #of}, for a PostgreSQL server. */
  static Optional<X509Certificate> ofPostgres(String host, int port)
      throws IOException, GeneralSecurityException {
    try (Socket socket = connect(host, port)) {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      for (int word : SSL_REQUEST) {
        out.writeInt(word);
      }
      out.flush();
      return socket.getInputStream().read() == 'S'
          ? presentedOn(socket, host, port)
          : Optional.empty();
    }
  }

  private static Socket connect(String host, int port) throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    return socket;
  }

  private static Optional<X509Certificate> presentedOn(Socket socket, String host, int port)
      throws GeneralSecurityException {
    Onlooker onlooker = new Onlooker();
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {onlooker}, null);
    try (SSLSocket tls =
        (SSLSocket) context.getSocketFactory().createSocket(socket, host, port, true)) {
      tls.startHandshake();
    } catch (IOException e) {
      // a server that requires a certificate of the client ends the handshake, after it has
      // presented its own
    }
    return Stream.of(onlooker.chain).min(Comparator.comparing(X509Certificate::getNotAfter));
  }

  private static final class Onlooker implements X509TrustManager {
    private X509Certificate[] chain = {};

    @Override
    public void checkServerTrusted(X509Certificate[] presented, String authType) {
      chain = presented;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] presented, String authType) {
      throw new UnsupportedOperationException();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
