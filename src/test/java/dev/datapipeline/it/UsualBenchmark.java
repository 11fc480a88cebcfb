package dev.datapipeline.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** A benchmark that {@code mvn -Pbench verify} runs unless a property asks for another one. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@DisabledIfSystemProperty(
    named = "bench.peers",
    matches = ".*",
    disabledReason = "PeersBenchmarkIT runs instead")
@DisabledIfSystemProperty(
    named = "bench.shapes",
    matches = ".*",
    disabledReason = "ShapesBenchmarkIT runs instead")
@interface UsualBenchmark {}
