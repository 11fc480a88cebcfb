package dev.datapipeline.backends;

import java.io.PrintStream;
import java.util.regex.Pattern;

/**
 * Leaves out what Maven and its plugins print with level INFO while the server starts. Warnings,
 * errors, and what the server itself prints on its console, still appear.
 *
 * <p>Maven has no setting for this: its levels apply to the complete build. Maven 3 prints whole
 * lines to {@link System#out}, which .mvn/jvm.config makes it look up each time. Without that, the
 * lines appear.
 *
 * <p>This runs after Maven has closed the class loader of this class. It may only use classes of
 * the JDK and classes that are loaded already.
 */
final class QuietConsole extends PrintStream {
  private static final Pattern COLOURS = Pattern.compile("\u001b\\[[\\d;]*m");
  private static final String INFO = "[INFO] ";
  private static final String ERROR = "[ERROR] ";

  /** A line of the server's console begins with its time, or its level in a short form. */
  private static final Pattern SERVER = Pattern.compile("\\[INFO\\] \\[(\\d|WARN|ERR|FATAL).*");

  private final PrintStream console;
  private volatile boolean quiet = true;

  QuietConsole(PrintStream console) {
    super(console, true);
    this.console = console;
  }

  /** Returns the stream that shows everything. */
  PrintStream unfiltered() {
    return console;
  }

  /** Takes the place of {@link System#out}. */
  void begin() {
    System.setOut(this);
  }

  /** Shows everything from now on. */
  void end() {
    quiet = false;
    if (System.out == this) {
      System.setOut(console);
    }
  }

  @Override
  public void println(String line) {
    if (isShown(String.valueOf(line))) {
      super.println(line);
    }
  }

  private boolean isShown(String line) {
    if (!quiet) {
      return true;
    }
    String text = COLOURS.matcher(line).replaceAll("");
    if (text.startsWith(ERROR)) {
      end(); // what follows explains the error
    }
    return !text.startsWith(INFO) || SERVER.matcher(text).matches();
  }
}
