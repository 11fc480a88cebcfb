package dev.datapipeline.failure;

/** Makes text from outside fit to be logged. */
public final class FailureText {
  private static final int MAX_LENGTH = 300;

  private FailureText() {}

  /**
   * Returns the text as one line of bounded length: whoever can choose a value must not be able to
   * write log lines of their own.
   *
   * @param text any text; null becomes {@code "null"}
   * @return at most 300 characters without control characters, never null
   */
  public static String oneLine(String text) {
    String line = String.valueOf(text).replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ").strip();
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "…";
  }

  /**
   * Returns what went wrong in one line: the message of the innermost cause that has one, with its
   * type; and for a server's certificate that was refused, before it, why in plain words.
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
