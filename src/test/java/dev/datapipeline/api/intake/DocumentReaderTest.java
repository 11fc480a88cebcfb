package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.datapipeline.api.intake.DocumentReader.Document;
import dev.datapipeline.api.intake.DocumentReader.UnreadableException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DocumentReaderTest {
  private static final int MAX_BYTES = 20;

  private static List<String> read(String body, boolean lines)
      throws IOException, UnreadableException {
    return read(new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)), lines);
  }

  private static List<String> read(InputStream body, boolean lines)
      throws IOException, UnreadableException {
    DocumentReader reader = new DocumentReader(body, lines, MAX_BYTES);
    List<String> documents = new ArrayList<>();
    Document document;
    while ((document = reader.next()) != null) {
      documents.add(document.line() + " " + new String(document.bytes(), StandardCharsets.UTF_8));
    }
    return documents;
  }

  @Test
  void aLineIsADocument() throws Exception {
    assertThat(read("{\"a\":1}\n\n  [2]\r\n3", true))
        .containsExactly("1 {\"a\":1}", "3 [2]", "4 3");
  }

  @Test
  void anElementIsADocument() throws Exception {
    assertThat(read("\n[ {\"]\":[1,2]},\n\"a,\\\"]\" ,3 ]\n", false))
        .containsExactly("2 {\"]\":[1,2]}", "3 \"a,\\\"]\"", "3 3");
  }

  @Test
  void anythingElseIsOneDocument() throws Exception {
    assertThat(read(" {\"a\":\n1} ", false)).containsExactly("1 {\"a\":\n1}");
    assertThat(read("", false)).isEmpty();
    assertThat(read("[]", false)).isEmpty();
  }

  @Test
  void aByteOrderMarkIsLeftOut() throws Exception {
    assertThat(read("\ufeff{}", true)).containsExactly("1 {}");
  }

  @Test
  void bytesMayComeOneByOne() throws Exception {
    byte[] body = "[1,\"ä\",{}]".getBytes(StandardCharsets.UTF_8);
    InputStream slow =
        new ByteArrayInputStream(body) {
          @Override
          public synchronized int read(byte[] buffer, int offset, int length) {
            return super.read(buffer, offset, Math.min(length, 1));
          }
        };
    assertThat(read(slow, false)).containsExactly("1 1", "1 \"ä\"", "1 {}");
  }

  @Test
  void aDocumentThatIsTooLargeIsNamed() {
    assertThatExceptionOfType(UnreadableException.class)
        .isThrownBy(() -> read("1\n\"" + "x".repeat(MAX_BYTES) + "\"\n", true))
        .matches(e -> e.isTooLarge() && e.line() == 2);
  }

  @Test
  void spaceWithoutAnEndIsNotReadForever() {
    for (boolean lines : new boolean[] {true, false}) {
      assertThatExceptionOfType(UnreadableException.class)
          .isThrownBy(() -> read("\n".repeat(MAX_BYTES * 2), lines))
          .matches(UnreadableException::isTooLarge);
    }
  }

  @Test
  void anArrayMustBeWhole() {
    for (String body : new String[] {"[1", "[1,]", "[,1]", "[1] 2", "[\"a", "[{]"}) {
      assertThatExceptionOfType(UnreadableException.class)
          .as(body)
          .isThrownBy(() -> read(body, false))
          .matches(e -> !e.isTooLarge());
    }
  }
}
