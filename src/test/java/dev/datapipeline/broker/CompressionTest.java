package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jpountz.lz4.LZ4Factory;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.junit.jupiter.api.Test;

class CompressionTest {
  /** Prints which code is used for lz4, what is said about it, and what a round trip returns. */
  static final class Program {
    public static void main(String[] args) throws IOException {
      System.out.println(Compression.useNativeCode());
      System.out.println(LZ4Factory.fastestInstance());
      for (CompressionType type :
          List.of(
              CompressionType.GZIP,
              CompressionType.LZ4,
              CompressionType.SNAPPY,
              CompressionType.ZSTD)) {
        System.out.println(type + " " + roundTrip(type, "some text"));
      }
    }

    private static String roundTrip(CompressionType type, String text) throws IOException {
      var compression = org.apache.kafka.common.compress.Compression.of(type).build();
      ByteBufferOutputStream buffer = new ByteBufferOutputStream(1000);
      try (var out = compression.wrapForOutput(buffer, RecordBatch.CURRENT_MAGIC_VALUE)) {
        out.write(text.getBytes(StandardCharsets.UTF_8));
      }
      ByteBuffer compressed = buffer.buffer().flip();
      try (InputStream in =
          compression.wrapForInput(
              compressed, RecordBatch.CURRENT_MAGIC_VALUE, BufferSupplier.NO_CACHING)) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    }
  }

  private static String run(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(options));
    command.add(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }

  @Test
  void nativeCodeIsUsedInAnApplicationWithAClassLoaderOfItsOwn() throws Exception {
    try (URLClassLoader application =
        new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
      Class<?> factory = application.loadClass(LZ4Factory.class.getName());
      Object before = factory.getMethod("fastestInstance").invoke(null);

      Object said =
          application
              .loadClass(Compression.class.getName())
              .getMethod("useNativeCode")
              .invoke(null);

      assertThat(before.toString()).startsWith("LZ4Factory:Java");
      assertThat(said).isEqualTo("compression: native code");
      assertThat(factory.getMethod("fastestInstance").invoke(null)).hasToString("LZ4Factory:JNI");
    }
  }

  private static URL[] classPath() throws MalformedURLException {
    String[] paths = System.getProperty("java.class.path").split(File.pathSeparator);
    URL[] urls = new URL[paths.length];
    for (int i = 0; i < paths.length; i++) {
      urls[i] = Path.of(paths[i]).toUri().toURL();
    }
    return urls;
  }

  @Test
  void nativeCodeReadsWhatItWrites() throws Exception {
    assertThat(run())
        .contains("compression: native code", "LZ4Factory:JNI")
        .contains("gzip some text", "lz4 some text", "snappy some text", "zstd some text");
  }

  @Test
  void javaCodeIsUsedWhereNoNativeCodeCanBeLoaded() throws Exception {
    assertThat(run("-Dos.arch=unknown"))
        .contains("compression: lz4 by Java code", "snappy and zstd can't be read", "unknown")
        .contains("LZ4Factory:Java")
        .contains("gzip some text", "lz4 some text")
        .contains("no native library is found for os.name=Linux and os.arch=unknown");
  }
}
