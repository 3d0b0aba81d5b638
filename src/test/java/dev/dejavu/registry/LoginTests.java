package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Logins that change, are refused, or cannot be had.
 */
class LoginTests extends TokenFixture {

    private static final Credentials ADA = new Credentials("ada", "secret", false);

    @Test
    void changedLoginDropsTheOldTokenAtOnce() throws IOException {
        logins.current = ADA;
        send("team/app");
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(tokenRequests()).isEqualTo(1);
        logins.current = new Credentials("ada", "other", false);
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(tokenRequests()).isEqualTo(1);
        logins.current = null;
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(tokenRequests()).isEqualTo(1);
    }

    @Test
    void refusedLoginIsReportedAndItsSuccessorShownAtOnce() throws IOException {
        String right = RegistryCasesTests.basic("ada:newer");
        registry.play((request) -> request.authorization().equals(right) ? registry.serve(request)
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\""));
        logins.current = ADA;
        logins.successor = new Credentials("ada", "newer", false);
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(logins.refused).containsExactly(ADA);
    }

    @Test
    void refusedLoginIsNotShownAgainForAMinute() {
        tokenServer = Answer.error(401, "UNAUTHORIZED");
        logins.current = ADA;
        for (int i = 0; i < 3; i++) {
            assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send("team/app"))
                .matches((ex) -> ex.reason() == Reason.LOGIN_REFUSED);
        }
        assertThat(tokenRequests()).isEqualTo(1);
        clock.advance(Duration.ofMinutes(1));
        assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send("team/app"));
        assertThat(tokenRequests()).isEqualTo(1);
    }

    @Test
    void refusedLoginIsShownForNoOtherRepository() throws Exception {
        tokenServer = Answer.error(401, "UNAUTHORIZED");
        logins.current = ADA;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> checks = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                String repository = "team/app" + i;
                checks.add(() -> send(repository));
            }
            for (Future<Integer> check : executor.invokeAll(checks)) {
                assertThat(check.exceptionNow()).isInstanceOfSatisfying(RegistryException.class,
                        (ex) -> assertThat(ex.reason()).isEqualTo(Reason.LOGIN_REFUSED));
            }
        }
        assertThat(tokenRequests()).isEqualTo(1);
    }

    @Test
    void refusedPasswordIsShownForNoOtherRepository() {
        List<String> shown = new CopyOnWriteArrayList<>();
        registry.play((request) -> {
            if (!request.authorization().isEmpty()) {
                shown.add(request.authorization());
            }
            return Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\"");
        });
        logins.current = ADA;
        logins.successor = new Credentials("ada", "newer", false);
        for (String repository : List.of("team/one", "team/two", "team/two", "team/three")) {
            assertRefused(repository, Reason.LOGIN_REFUSED);
        }
        assertThat(shown).containsExactly(ADA.basic(), logins.successor.basic());
    }

    @Test
    void loginThatMayNotReadOneRepositoryIsShownForOthers() throws IOException {
        logins.current = ADA;
        logins.successor = new Credentials("ada", "newer", false);
        tokenServer = Answer.error(403, "DENIED");
        assertRefused("team/one", Reason.FORBIDDEN);
        assertRefused("team/one", Reason.FORBIDDEN);
        assertThat(tokenRequests()).isEqualTo(1);
        tokenServer = null;
        assertThat(send("team/two")).isEqualTo(200);
        assertThat(logins.refused).isEmpty();
    }

    @Test
    void tokenOfALoginThatTheRegistryRefusesIsNoRefusedLogin() throws IOException {
        logins.current = ADA;
        tokenServer = Answer.of(200, "{\"token\":\"sees-nothing\"}");
        assertRefused("team/one", Reason.FORBIDDEN);
        tokenServer = null;
        assertThat(send("team/two")).isEqualTo(200);
        assertThat(logins.refused).isEmpty();
    }

    @Test
    void loginThatIsGoneAfterItsRefusalMakesNoStranger() {
        registry.play((request) -> request.authorization().isEmpty() && !logins.refused.isEmpty()
                ? registry.serve(request) : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\""));
        logins.current = ADA;
        logins.isGoneAfterRefusal = true;
        assertRefused("team/app", Reason.LOGIN_REFUSED);
        assertThat(logins.refused).containsExactly(ADA);
    }

    private void assertRefused(String repository, Reason reason) {
        assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send(repository))
            .matches((ex) -> ex.reason() == reason);
    }

    @Test
    void welcomeOfAnotherHostIsNone() throws IOException {
        try (ScriptedRegistry other = new ScriptedRegistry(); RegistryHttp both = http(registry.host(), other.host())) {
            registry.play((request) -> request.path().equals("/v2/")
                    ? Answer.of(307, "", "Location", "http://" + other.host() + "/v2/")
                    : Answer.error(404, "MANIFEST_UNKNOWN"));
            ImageReference reference = new ImageReference(registry.host(), "team/app", "v1", null);
            RegistryAuth redirected = new RegistryAuth(both, logins, new JsonMapper(), clock);
            assertThatExceptionOfType(RegistryException.class)
                .isThrownBy(() -> redirected.send("GET", reference, "manifests/v1"))
                .matches((ex) -> ex.reason() == Reason.NOT_FOUND_UNPROVEN);
            assertThat(other.takeRequests()).containsExactly("GET /v2/");
        }
    }

    @Test
    void refreshTokenIsSentByPostOrWhereThatIsUnknownAsAPassword() throws IOException {
        List<Request> requests = new ArrayList<>();
        registry.play((request) -> {
            if (!request.path().equals("/token")) {
                return answer(request);
            }
            requests.add(request);
            boolean knowsPost = requests.size() == 1;
            return (request.method().equals("POST") && !knowsPost) ? Answer.of(405, "") : answer(request);
        });
        logins.current = new Credentials("ada", "a+refresh/token=", true);
        assertThat(send("team/app")).isEqualTo(200);
        assertThat(requests.getFirst().query()).containsEntry("grant_type", "refresh_token")
            .containsEntry("refresh_token", "a+refresh/token=")
            .containsEntry("service", "s")
            .containsEntry("scope", "repository:team/app:pull");
        assertThat(send("team/other")).isEqualTo(200);
        assertThat(requests.getLast().method()).isEqualTo("GET");
        assertThat(requests.getLast().authorization()).isEqualTo(RegistryCasesTests.basic("ada:a+refresh/token="));
    }

    @Test
    void strangersAnswerCountsWithoutTheLoginThatCannotBeHadOnlyIfItIsThere() throws IOException {
        logins.failure = new RegistryException(Reason.LOGIN_UNAVAILABLE, "the helper failed");
        assertThat(send("team/app")).isEqualTo(200);
        registry.remove("v1");
        assertThatExceptionOfType(RegistryException.class).isThrownBy(() -> send("team/app"))
            .matches((ex) -> ex.reason() == Reason.LOGIN_UNAVAILABLE);
    }

    @Test
    void notFoundOfAnotherHostThatIsNotShownTheLoginProvesNothing() throws IOException {
        try (ScriptedRegistry other = new ScriptedRegistry(); RegistryHttp both = http(registry.host(), other.host())) {
            registry.play((request) -> Answer.of(307, "", "Location", "http://" + other.host() + request.path()));
            logins.current = ADA;
            ImageReference reference = new ImageReference(registry.host(), "team/app", "v1", null);
            RegistryAuth redirected = new RegistryAuth(both, logins, new JsonMapper(), clock);
            assertThatExceptionOfType(RegistryException.class)
                .isThrownBy(() -> redirected.send("GET", reference, "manifests/v1"))
                .matches((ex) -> ex.reason() == Reason.NOT_FOUND_UNPROVEN);
        }
    }

}
