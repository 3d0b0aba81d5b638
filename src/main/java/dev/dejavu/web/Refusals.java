package dev.dejavu.web;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

import dev.dejavu.cache.Problem;

/**
 * Counts the requests that were refused or failed, and logs them: of each kind one line
 * in ten seconds, as neither callers nor an outage may fill the disk.
 */
@Component
class Refusals {

    private static final Logger log = LoggerFactory.getLogger(Refusals.class);

    private static final Duration SILENCE = Duration.ofSeconds(10);

    private static final int MAX_TEXT = 200;

    /** They refuse nothing. */
    private static final Set<URI> ANSWERS = Set.of(Problem.MISS.type(), Problem.ABSENT.type());

    private final SingletonSupplier<MeterRegistry> metrics;

    private final Map<String, Silence> silences = new ConcurrentHashMap<>();

    Refusals(ObjectProvider<MeterRegistry> metrics) {
        this.metrics = SingletonSupplier.of(metrics::getObject);
    }

    /**
     * Takes note of a problem that a request is answered with.
     * @param problem with its type
     * @param cause of a failure of the service itself
     */
    void add(ProblemDetail problem, HttpServletRequest request, @Nullable Throwable cause) {
        if (ANSWERS.contains(problem.getType())) {
            return;
        }
        String type = String.valueOf(problem.getType()).replaceFirst("^urn:dejavu:problem:", "");
        Counter.builder("dejavu.refusals")
            .description("Requests refused or failed")
            .tag("status", String.valueOf(problem.getStatus()))
            .tag("type", type)
            .register(metrics.obtain())
            .increment();
        long suppressed = silences.computeIfAbsent(problem.getStatus() + " " + type, (kind) -> new Silence()).end();
        if (suppressed < 0) {
            return;
        }
        String line = "%d %s: %s %s from %s (logged once in %d s, %d since the last time)".formatted(
                problem.getStatus(), type, plain(request.getMethod()), plain(request.getRequestURI()),
                request.getRemoteAddr(), SILENCE.toSeconds(), suppressed + 1);
        if (cause == null) {
            log.warn("Refused with {}", line);
        }
        else if (problem.getStatus() == HttpStatus.SERVICE_UNAVAILABLE.value()) {
            log.warn("Failed with {}: {}", line, plain(NestedExceptionUtils.getMostSpecificCause(cause).toString()));
        }
        else {
            log.error("Failed with {}", line, cause);
        }
    }

    /** Text of others, on one line and without what a terminal obeys. */
    private static String plain(@Nullable String text) {
        String known = String.valueOf(text).replaceAll("\\s+", " ").replaceAll("[^ -~]+", "?");
        return (known.length() > MAX_TEXT) ? known.substring(0, MAX_TEXT) + "..." : known;
    }

    /**
     * The time without another line.
     */
    private static final class Silence {

        private final AtomicLong begin = new AtomicLong(System.nanoTime() - SILENCE.toNanos() - 1);

        private final AtomicLong suppressed = new AtomicLong();

        /**
         * Ends it, if it was long enough, and begins another one.
         * @return how many lines were suppressed in it; negative for this one too
         */
        long end() {
            long now = System.nanoTime();
            long last = begin.get();
            if (now - last > SILENCE.toNanos() && begin.compareAndSet(last, now)) {
                return suppressed.getAndSet(0);
            }
            suppressed.incrementAndGet();
            return -1;
        }

    }

}
