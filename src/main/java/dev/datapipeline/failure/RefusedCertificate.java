package dev.datapipeline.failure;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;

/**
 * Explains why a client refused a server's certificate, for the person who has to fix it. Java's
 * own messages speak of certification paths and dates without naming the problem.
 */
final class RefusedCertificate {
  private RefusedCertificate() {}

  /** Returns the reason found among a failure's causes; empty if no certificate was refused. */
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
