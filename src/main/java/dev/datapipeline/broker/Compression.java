package dev.datapipeline.broker;

import dev.datapipeline.failure.FailureText;
import net.jpountz.lz4.LZ4Factory;

/** Chooses the code with which Kafka's clients compress and decompress records. */
public final class Compression {
  private Compression() {}

  /**
   * Makes native code the choice for lz4, which Kafka's clients would otherwise do in Java: inside
   * a web application, the library looks for native code only if that is loaded already. Call it
   * before any record is sent or received. Thread-safe.
   *
   * @return one line for the log that says which code is used
   */
  public static String useNativeCode() {
    try {
      LZ4Factory.nativeInstance();
      return "compression: native code";
    } catch (Error | RuntimeException e) {
      // What prevents this library prevents the others: an unknown platform, or a temporary
      // directory whose files can't be executed. The others have no code in Java.
      return "compression: lz4 by Java code, which is slower; snappy and zstd can't be read: "
          + FailureText.reason(e);
    }
  }
}
