package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.Test;

import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.ScriptedRegistry.Answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tokens over time, and for many checks at once.
 */
class TokenTests extends TokenFixture {

    @Test
    void twentyChecksAtOnceAreOneTokenRequest() throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> checks = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                checks.add(() -> send("team/app"));
            }
            for (Future<Integer> check : executor.invokeAll(checks)) {
                assertThat(check.get()).isEqualTo(200);
            }
        }
        assertThat(tokenRequests()).isEqualTo(1);
    }

    @Test
    void tokenIsUsedUntilShortlyBeforeItExpires() throws IOException {
        for (String lifetime : List.of("", "60", "0", "1200", "86400")) {
            expiresIn = lifetime.isEmpty() ? ""
                    : ",\"expires_in\":" + lifetime + ",\"issued_at\":\"2001-01-01T00:00:00Z\"";
            long seconds = lifetime.isEmpty() ? 60 : Math.clamp(Long.parseLong(lifetime), 60, 3600);
            String repository = "team/app" + lifetime;
            send(repository);
            clock.advance(Duration.ofSeconds(seconds - 11));
            assertThat(send(repository)).isEqualTo(200);
            assertThat(tokenRequests()).as(lifetime).isEqualTo(1);
            clock.advance(Duration.ofSeconds(1));
            assertThat(send(repository)).isEqualTo(200);
            assertThat(tokenRequests()).as(lifetime).isEqualTo(1);
        }
    }

    @Test
    void refusedTokenIsReplacedOnceAsHarborTellsOfItsTokenServerToStrangersAlone() throws IOException {
        send("team/app");
        issued.incrementAndGet();
        registry.takeRequests();
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(registry.takeRequests()).hasSize(4);
        registry
            .play((request) -> request.path().equals("/token") ? Answer.of(200, "{\"token\":\"t\"}") : answer(request));
        assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send("team/other"))
            .matches((ex) -> ex.reason() == Reason.LOGIN_MISSING);
        assertThat(registry.takeRequests()).hasSize(3);
    }

    @Test
    void busyTokenServerIsLeftAloneForAllRepositoriesUntilItsPauseEnds() throws IOException {
        tokenServer = Answer.of(429, "", "Retry-After", "120");
        for (String repository : List.of("team/one", "team/two", "team/one")) {
            assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send(repository))
                .satisfies((ex) -> assertThat(ex.status().retryAfter()).isEqualTo(Duration.ofMinutes(2)))
                .matches((ex) -> ex.reason() == Reason.TOKEN_SERVER_BUSY);
        }
        assertThat(tokenRequests()).isEqualTo(1);
        tokenServer = null;
        clock.advance(Duration.ofSeconds(119));
        assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send("team/one"))
            .satisfies((ex) -> assertThat(ex.status().retryAfter()).isEqualTo(Duration.ofSeconds(1)));
        clock.advance(Duration.ofSeconds(1));
        assertThat(send("team/one")).isEqualTo(200);
        assertThat(tokenRequests()).isEqualTo(1);
    }

}
