package dev.dejavu.web;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.LongStream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.servlet.ServletException;
import org.apache.catalina.AccessLog;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * Counts every answer, with the time from the first byte of its request to its end: those
 * of controllers, those of filters, and those that Tomcat gives before it has found a
 * servlet. It is where Tomcat would write an access log.
 */
@Component
class RequestMetrics implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private static final String NAME = "dejavu.http.requests";

    /** In milliseconds; nobody waits for an answer longer than the last of them. */
    private static final Duration[] BUCKETS = LongStream
        .of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000, 10_000)
        .mapToObj(Duration::ofMillis)
        .toArray(Duration[]::new);

    private final CallNames names;

    private final SingletonSupplier<MeterRegistry> metrics;

    private final Map<String, AtomicReferenceArray<@Nullable Timer>> timers = new ConcurrentHashMap<>();

    RequestMetrics(CallNames names, ObjectProvider<MeterRegistry> metrics) {
        this.names = names;
        this.metrics = SingletonSupplier.of(metrics::getObject);
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        factory.addEngineValves(new Valve(this));
    }

    private void add(Request request, int status, long nanos) {
        String path = request.getRequestURI();
        String context = request.getContextPath();
        String call = names.of(request.getMethod(),
                (path == null || context.isEmpty()) ? path : path.substring(context.length()));
        timer(call, status / 100).record(nanos, TimeUnit.NANOSECONDS);
    }

    private Timer timer(String call, int hundreds) {
        AtomicReferenceArray<@Nullable Timer> ofCall = timers.get(call);
        if (ofCall == null) {
            ofCall = timers.computeIfAbsent(call, (name) -> new AtomicReferenceArray<>(10));
        }
        Timer timer = ofCall.get(hundreds);
        if (timer == null) {
            timer = Timer.builder(NAME)
                .description("Answers, and the time that they took")
                .tag("call", call)
                .tag("status", hundreds + "xx")
                .serviceLevelObjectives(BUCKETS)
                .register(metrics.obtain());
            ofCall.set(hundreds, timer);
        }
        return timer;
    }

    private static final class Valve extends ValveBase implements AccessLog {

        private final RequestMetrics metrics;

        Valve(RequestMetrics metrics) {
            super(true);
            this.metrics = metrics;
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            getNext().invoke(request, response);
        }

        @Override
        public void log(Request request, Response response, long time) {
            long waited = (request.getAttribute(ParkedRequests.WAITED) instanceof Long nanos) ? nanos : 0;
            metrics.add(request, response.getStatus(), time - waited);
        }

        @Override
        public void setRequestAttributesEnabled(boolean enabled) {
            // It takes nothing from attributes.
        }

        @Override
        public boolean getRequestAttributesEnabled() {
            return false;
        }

    }

}
