package dev.datapipeline.source.file;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import jakarta.json.Json;
import jakarta.json.JsonBuilderFactory;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes the JSON of an event from a line. Thread-safe. */
interface LineFormat {

  /**
   * What a line says.
   *
   * @param json UTF-8 encoded
   * @param timestamp when it happened; null if the line does not tell
   */
  record Content(byte[] json, Instant timestamp) {}

  /** A line is not what it should be; the message says why. */
  final class UnparsableLineException extends Exception {
    private static final long serialVersionUID = 1L;

    UnparsableLineException(String reason) {
      super(reason);
    }
  }

  JsonBuilderFactory JSON = Json.createBuilderFactory(Map.of());

  /**
   * Reads a line.
   *
   * @param bytes the line as it is in the file
   * @param text the same, decoded
   */
  Content parse(byte[] bytes, String text) throws UnparsableLineException;

  /** Each line is a JSON document, which is sent byte for byte. */
  final class NdJson implements LineFormat {
    private static final JsonParserFactory PARSERS = Json.createParserFactory(Map.of());

    @Override
    public Content parse(byte[] bytes, String text) throws UnparsableLineException {
      try (JsonParser parser = PARSERS.createParser(new StringReader(text))) {
        while (parser.hasNext()) {
          parser.next();
        }
        return new Content(bytes, null);
      } catch (RuntimeException e) {
        // not always a JsonException: the parser has a limit of nesting, for one
        throw new UnparsableLineException("not JSON: " + e.getMessage());
      }
    }
  }

  /** Each line has a field for each name of the first line; the values are text. */
  final class Csv implements LineFormat {
    private final List<String> names;

    /** Takes the names from the first line. */
    Csv(String header) throws UnparsableLineException {
      names = fields(header);
      if (new HashSet<>(names).size() < names.size()) {
        throw new UnparsableLineException("a name is twice in the header");
      }
    }

    private static List<String> fields(String text) throws UnparsableLineException {
      try {
        List<CsvRecord> records =
            CsvReader.builder().maxBufferSize(1 << 25).ofCsvRecord(text).stream().toList();
        if (records.size() != 1) {
          throw new UnparsableLineException("not one record of CSV");
        }
        return records.get(0).getFields();
      } catch (CsvParseException e) {
        throw new UnparsableLineException("not CSV: " + e.getMessage());
      }
    }

    @Override
    public Content parse(byte[] bytes, String text) throws UnparsableLineException {
      List<String> fields = fields(text);
      if (fields.size() != names.size()) {
        throw new UnparsableLineException(
            "%d fields, and the header has %d".formatted(fields.size(), names.size()));
      }
      JsonObjectBuilder event = JSON.createObjectBuilder();
      for (int i = 0; i < names.size(); i++) {
        event.add(names.get(i), fields.get(i));
      }
      return new Content(event.build().toString().getBytes(StandardCharsets.UTF_8), null);
    }
  }

  /** A request in the combined format; what a server writes as {@code -} is null. */
  final class Combined implements LineFormat {
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("dd/MMM/uuuu:HH:mm:ss Z", Locale.ENGLISH);

    @Override
    public Content parse(byte[] bytes, String text) throws UnparsableLineException {
      List<String> fields = split(text);
      if (fields.size() != 9) {
        throw new UnparsableLineException(
            "%d fields, and the combined format has 9".formatted(fields.size()));
      }
      try {
        Instant time = OffsetDateTime.parse(fields.get(3), TIME).toInstant();
        JsonObjectBuilder event = JSON.createObjectBuilder().add("timestamp", time.toString());
        add(event, "client", fields.get(0));
        add(event, "user", fields.get(2));
        String[] request = fields.get(4).split(" ");
        if (request.length == 3) {
          event.add("method", request[0]).add("path", request[1]).add("protocol", request[2]);
        } else {
          add(event, "request", fields.get(4));
        }
        event.add("status", Integer.parseInt(fields.get(5)));
        event.add("bytes", fields.get(6).equals("-") ? 0 : Long.parseLong(fields.get(6)));
        add(event, "referrer", fields.get(7));
        add(event, "user_agent", fields.get(8));
        return new Content(event.build().toString().getBytes(StandardCharsets.UTF_8), time);
      } catch (DateTimeException e) {
        throw new UnparsableLineException("the time is not like 10/Oct/2000:13:55:36 -0700");
      } catch (NumberFormatException e) {
        throw new UnparsableLineException("status or size is no number");
      }
    }

    private static void add(JsonObjectBuilder event, String name, String value) {
      if (value.equals("-")) {
        event.addNull(name);
      } else {
        event.add(name, value);
      }
    }

    /** Fields are separated by a space, in quotes, or in brackets; \" in quotes is a quote. */
    private static List<String> split(String text) throws UnparsableLineException {
      List<String> fields = new ArrayList<>();
      int i = 0;
      while (i < text.length()) {
        char first = text.charAt(i);
        char end = first == '"' ? '"' : first == '[' ? ']' : ' ';
        StringBuilder field = new StringBuilder();
        i = end == ' ' ? i : i + 1;
        for (; i < text.length() && text.charAt(i) != end; i++) {
          if (end == '"'
              && text.charAt(i) == '\\'
              && i + 1 < text.length()
              && (text.charAt(i + 1) == '"' || text.charAt(i + 1) == '\\')) {
            i++;
          }
          field.append(text.charAt(i));
        }
        if (end != ' ') {
          if (i == text.length() || (i + 1 < text.length() && text.charAt(i + 1) != ' ')) {
            throw new UnparsableLineException("a field does not end with " + end);
          }
          i++;
        }
        fields.add(field.toString());
        i++;
      }
      return fields;
    }
  }
}
