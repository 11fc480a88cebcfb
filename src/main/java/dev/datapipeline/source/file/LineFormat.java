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

/** Converts a line to the JSON of an event. Thread-safe. */
interface LineFormat {

  /**
   * The content of a line.
   *
   * @param json the event as UTF-8 encoded JSON
   * @param timestamp the event's time; null if the line contains none
   */
  record Content(byte[] json, Instant timestamp) {}

  /** A line could not be parsed; see the message for the reason. */
  final class UnparsableLineException extends Exception {
    private static final long serialVersionUID = 1L;

    UnparsableLineException(String reason) {
      super(reason);
    }
  }

  JsonBuilderFactory JSON = Json.createBuilderFactory(Map.of());

  /**
   * Parses a line.
   *
   * @param bytes the line, unchanged
   * @param text the decoded line
   */
  Content parse(byte[] bytes, String text) throws UnparsableLineException;

  /** Each line is a JSON document, which is sent unchanged. */
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
        // not always a JsonException: nesting that is too deep throws another one
        throw new UnparsableLineException("not JSON: " + e.getMessage());
      }
    }
  }

  /** Comma-separated values. The first line has the names of the fields; all values are text. */
  final class Csv implements LineFormat {
    private final List<String> names;

    /** Reads the names of the fields from the first line. */
    Csv(String header) throws UnparsableLineException {
      names = fields(header);
      if (new HashSet<>(names).size() < names.size()) {
        throw new UnparsableLineException("the header contains a name twice");
      }
    }

    private static List<String> fields(String text) throws UnparsableLineException {
      try {
        List<CsvRecord> records =
            CsvReader.builder().maxBufferSize(1 << 25).ofCsvRecord(text).stream().toList();
        if (records.size() != 1) {
          throw new UnparsableLineException("not exactly one CSV record");
        }
        return records.get(0).getFields();
      } catch (CsvParseException e) {
        throw new UnparsableLineException("not valid CSV: " + e.getMessage());
      }
    }

    @Override
    public Content parse(byte[] bytes, String text) throws UnparsableLineException {
      List<String> fields = fields(text);
      if (fields.size() != names.size()) {
        throw new UnparsableLineException(
            "%d fields instead of the %d in the header".formatted(fields.size(), names.size()));
      }
      JsonObjectBuilder event = JSON.createObjectBuilder();
      for (int i = 0; i < names.size(); i++) {
        event.add(names.get(i), fields.get(i));
      }
      return new Content(event.build().toString().getBytes(StandardCharsets.UTF_8), null);
    }
  }

  /** The combined log format of web servers. A field with the value {@code -} becomes null. */
  final class Combined implements LineFormat {
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("dd/MMM/uuuu:HH:mm:ss Z", Locale.ENGLISH);

    @Override
    public Content parse(byte[] bytes, String text) throws UnparsableLineException {
      List<String> fields = split(text);
      if (fields.size() != 9) {
        throw new UnparsableLineException(
            "%d fields instead of the 9 of the combined format".formatted(fields.size()));
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
        throw new UnparsableLineException(
            "the time does not have the format 10/Oct/2000:13:55:36 -0700");
      } catch (NumberFormatException e) {
        throw new UnparsableLineException("status or size is not a number");
      }
    }

    private static void add(JsonObjectBuilder event, String name, String value) {
      if (value.equals("-")) {
        event.addNull(name);
      } else {
        event.add(name, value);
      }
    }

    /**
     * Splits a line at spaces. A field may be in quotes or brackets and then contain spaces; {@code
     * \"} is a quote inside quotes.
     */
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
