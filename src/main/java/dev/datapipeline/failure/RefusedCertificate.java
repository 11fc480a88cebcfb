package dev.datapipeline.failure;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;

/**
 * Why a client did not accept the certificate of a server, in words for the person who has to mend
 * it: the exceptions of Java speak of paths, and of times without saying of what.
 */
final class RefusedCertificate {
  private RefusedCertificate() {}

  /** Returns the reason that is among the causes of a failure; empty if it is another failure. */
  static Optional<String> in(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      Optional<String> reason = reason(cause);
      if (reason.isPresent()) {
        return reason;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> reason(Throwable cause) {
    if (cause instanceof CertificateExpiredException) {
      return Optional.of("the server's certificate has expired");
    }
    if (cause instanceof CertificateNotYetValidException) {
      return Optional.of("the server's certificate is not valid yet");
    }
    if (cause instanceof CertPathBuilderException && cause.getCause() == null) {
      return Optional.of("the server's certificate is not from an authority that is trusted here");
    }
    // Java has no type of its own for a name that does not match
    String message = String.valueOf(cause.getMessage());
    if (cause instanceof CertificateException
        && (message.startsWith("No name matching") || message.startsWith("No subject alt"))) {
      return Optional.of("the server's certificate is for another host name");
    }
    return Optional.empty();
  }
}
