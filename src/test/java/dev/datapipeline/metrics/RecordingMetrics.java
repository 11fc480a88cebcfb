package dev.datapipeline.metrics;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;

/**
 * A metric registry for unit tests that remembers every value of each metric.
 *
 * <p>{@code new RecordingMetrics().pipelineMetrics()} gives real {@link PipelineMetrics} without a
 * server. Thread-safe.
 */
public final class RecordingMetrics {
  private final Map<String, List<Object>> values = new ConcurrentHashMap<>();

  /** Returns the metrics of the pipeline, all at 0. */
  public PipelineMetrics pipelineMetrics() {
    return new PipelineMetrics(registry());
  }

  /** Returns a registry whose counters, histograms and timers are recorded here. */
  public MetricRegistry registry() {
    return (MetricRegistry)
        proxy(
            MetricRegistry.class,
            (registry, method, arguments) -> {
              if (arguments == null || !(arguments[0] instanceof Metadata metadata)) {
                throw new UnsupportedOperationException(method.toString());
              }
              List<Object> recorded =
                  values.computeIfAbsent(metadata.getName(), any -> new ArrayList<>());
              return metric(method.getReturnType(), recorded);
            });
  }

  private static Object metric(Class<?> type, List<Object> recorded) {
    return proxy(
        type,
        (metric, method, arguments) -> {
          if (arguments == null || !isUpdate(method)) {
            throw new UnsupportedOperationException(method.toString());
          }
          synchronized (recorded) {
            recorded.add(arguments[0]);
          }
          return null;
        });
  }

  private static boolean isUpdate(Method method) {
    return method.getName().equals("inc") || method.getName().equals("update");
  }

  private static Object proxy(Class<?> type, java.lang.reflect.InvocationHandler handler) {
    return Proxy.newProxyInstance(
        RecordingMetrics.class.getClassLoader(), new Class<?>[] {type}, handler);
  }

  /**
   * Returns the values of a metric: increments of a counter, values of a histogram, durations of a
   * timer. Empty if the metric is not registered.
   */
  public List<Object> values(String name) {
    List<Object> recorded = values.getOrDefault(name, List.of());
    synchronized (recorded) {
      return List.copyOf(recorded);
    }
  }

  /** Returns the names of the registered metrics. */
  public List<String> names() {
    return values.keySet().stream().sorted().toList();
  }
}
