package dev.datapipeline.failure;

/** Describes failures in one line that is safe to log. */
public final class FailureText {
  private static final int MAX_LENGTH = 300;

  private FailureText() {}

  /**
   * Returns untrusted text as one line of bounded length, so that it can't forge log lines.
   *
   * @param text any text; null becomes {@code "null"}
   * @return at most 300 characters without control characters, never null
   */
  public static String oneLine(String text) {
    String line = String.valueOf(text).replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ").strip();
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "…";
  }

  /**
   * Reports a failure. Whatever prevents the report, such as a lack of memory, is ignored, so that
   * the caller can go on.
   *
   * @param report writes the report
   */
  public static void report(Runnable report) {
    try {
      report.run();
    } catch (Throwable e) {
      // the failure comes again, and with it another chance to report it
    }
  }

  /**
   * Returns what went wrong in one line: the type and message of the innermost cause that has a
   * message. If a server's certificate was refused, the line begins with the reason in plain words.
   *
   * @param failure not null
   * @return one line, never null
   */
  public static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null
        && cause.getCause() != cause
        && cause.getCause().getMessage() != null) {
      cause = cause.getCause();
    }
    String innermost = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    return oneLine(
        RefusedCertificate.in(failure).map(why -> why + " (" + innermost + ")").orElse(innermost));
  }
}
