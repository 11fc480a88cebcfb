package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

class FailureTextTest {

  @Test
  void textBecomesOneLineOfBoundedLength() {
    assertThat(FailureText.oneLine("a\r\nb\u2028c\0d ")).isEqualTo("a b c d");
    assertThat(FailureText.oneLine("x".repeat(1000))).hasSize(301).endsWith("…");
    assertThat(FailureText.oneLine(null)).isEqualTo("null");
  }

  @Test
  void theReasonIsThatOfTheInnermostCauseWithAMessage() {
    Exception failure =
        new RuntimeException(
            "outer", new IllegalStateException("inner\nline", new RuntimeException()));

    assertThat(FailureText.reason(failure)).isEqualTo("IllegalStateException: inner line");
  }

  @Test
  void aCertificateThatIsRefusedIsSaidInPlainWords() {
    assertThat(FailureText.reason(handshake(new CertificateExpiredException("NotAfter: then"))))
        .isEqualTo(
            "the server's certificate has expired (CertificateExpiredException: NotAfter: then)");
    assertThat(
            FailureText.reason(handshake(new CertificateNotYetValidException("NotBefore: then"))))
        .startsWith("the server's certificate is not valid yet");
    assertThat(FailureText.reason(handshake(new CertPathBuilderException("no path"))))
        .startsWith("the server's certificate is not from an authority that is trusted here");
    assertThat(FailureText.reason(handshake(new CertificateException("No name matching a found"))))
        .startsWith("the server's certificate is for another host name");
    assertThat(FailureText.reason(handshake(new CertificateException("garbage"))))
        .isEqualTo("CertificateException: garbage");
  }

  private static Exception handshake(Exception cause) {
    return new IllegalStateException("failed", new SSLException("outer", cause));
  }
}
