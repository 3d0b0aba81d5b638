package dev.dejavu.web;

import java.util.Map;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.web.MockHttpServletRequest;

import dev.dejavu.cache.Problem;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class RefusalsTests {

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private final Refusals refusals = new Refusals(
            new StaticListableBeanFactory(Map.of("metrics", metrics)).getBeanProvider(MeterRegistry.class));

    private final MockHttpServletRequest request = new MockHttpServletRequest("PUT", "/images/x");

    private double counted(String type) {
        return metrics.get("dejavu.refusals").tag("type", type).counter().count();
    }

    @Test
    void manyOfOneKindAreOneLineAndAllCounted(CapturedOutput output) {
        for (int i = 0; i < 1000; i++) {
            refusals.add(ProblemBody.of(Problem.UNAUTHENTICATED, "Who?"), request, null);
            refusals.add(ProblemBody.of(Problem.FORBIDDEN, "No."), request, null);
        }
        assertThat(output.getAll().lines()).hasSize(2)
            .anyMatch((line) -> line.contains("401 unauthenticated: PUT /images/x from 127.0.0.1"))
            .anyMatch((line) -> line.contains("403 forbidden"));
        assertThat(counted("unauthenticated")).isEqualTo(1000);
    }

    @Test
    void failureIsLoggedWithItsCauseOnce(CapturedOutput output) {
        for (int i = 0; i < 1000; i++) {
            refusals.add(ProblemBody.complete(ProblemBody.generic(500, "Server error"), "/"), request,
                    new IllegalStateException("why"));
        }
        assertThat(output.getAll()).containsOnlyOnce("IllegalStateException: why").contains("ERROR", "\tat ");
        assertThat(metrics.get("dejavu.refusals").tag("status", "500").counter().count()).isEqualTo(1000);
    }

    @Test
    void missIsNoRefusal(CapturedOutput output) {
        refusals.add(ProblemBody.of(Problem.MISS, "Unknown."), request, null);
        refusals.add(ProblemBody.of(Problem.ABSENT, "Absent."), request, null);
        assertThat(output.getAll()).isEmpty();
        assertThat(metrics.getMeters()).isEmpty();
    }

    @Test
    void textOfARequestCannotForgeALine(CapturedOutput output) {
        request.setRequestURI("/images/\r\n2026-01-31 ERROR forged \u001b[31m\u2028" + "x".repeat(10_000));
        refusals.add(ProblemBody.of(Problem.MALFORMED_KEY, "No key."), request, null);
        request.setRequestURI("/");
        refusals.add(ProblemBody.of(Problem.STORAGE_UNAVAILABLE, "Away."), request,
                new IllegalStateException("ERROR\nDetail: forged"));
        assertThat(output.getAll().lines()).hasSize(2)
            .allSatisfy((line) -> assertThat(line).contains("WARN").matches("[ -~]+").hasSizeLessThan(600));
    }

}
