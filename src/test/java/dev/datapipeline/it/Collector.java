package dev.datapipeline.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An OpenTelemetry collector that keeps what it receives by OTLP over HTTP. */
final class Collector implements AutoCloseable {
  private final HttpServer server;
  private final List<Span> spans = new CopyOnWriteArrayList<>();
  private final List<String> logs = new CopyOnWriteArrayList<>();
  private final List<Metric> metrics = new CopyOnWriteArrayList<>();
  private final Set<String> services = ConcurrentHashMap.newKeySet();

  Collector() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext(
        "/v1/traces",
        exchange ->
            receive(
                exchange,
                body ->
                    ExportTraceServiceRequest.parseFrom(body)
                        .getResourceSpansList()
                        .forEach(
                            resource -> {
                              resource.getResource().getAttributesList().stream()
                                  .filter(attribute -> attribute.getKey().equals("service.name"))
                                  .forEach(name -> services.add(name.getValue().getStringValue()));
                              resource
                                  .getScopeSpansList()
                                  .forEach(scope -> spans.addAll(scope.getSpansList()));
                            })));
    server.createContext(
        "/v1/logs",
        exchange ->
            receive(
                exchange,
                body ->
                    ExportLogsServiceRequest.parseFrom(body).getResourceLogsList().stream()
                        .flatMap(resource -> resource.getScopeLogsList().stream())
                        .flatMap(scope -> scope.getLogRecordsList().stream())
                        .forEach(log -> logs.add(log.getBody().getStringValue()))));
    server.createContext(
        "/v1/metrics",
        exchange ->
            receive(
                exchange,
                body ->
                    ExportMetricsServiceRequest.parseFrom(body).getResourceMetricsList().stream()
                        .flatMap(resource -> resource.getScopeMetricsList().stream())
                        .forEach(scope -> metrics.addAll(scope.getMetricsList()))));
    server.start();
  }

  private interface Parser {
    void parse(InputStream body) throws IOException;
  }

  private static void receive(HttpExchange exchange, Parser parser) throws IOException {
    try (exchange) {
      parser.parse(exchange.getRequestBody());
      exchange.getResponseHeaders().add("Content-Type", "application/x-protobuf");
      exchange.sendResponseHeaders(200, -1);
    }
  }

  String endpoint() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  List<Span> spans() {
    return spans;
  }

  List<String> logs() {
    return logs;
  }

  Set<String> services() {
    return services;
  }

  /** Returns the metric as received last. */
  Optional<Metric> metric(String name) {
    return metrics.stream()
        .filter(metric -> metric.getName().equals(name))
        .reduce((first, second) -> second);
  }

  static String trace(Span span) {
    return HexFormat.of().formatHex(span.getTraceId().toByteArray());
  }

  static String attribute(Span span, String key) {
    return span.getAttributesList().stream()
        .filter(attribute -> attribute.getKey().equals(key))
        .map(
            attribute ->
                attribute.getValue().hasIntValue()
                    ? Long.toString(attribute.getValue().getIntValue())
                    : attribute.getValue().getStringValue())
        .findFirst()
        .orElse("");
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
