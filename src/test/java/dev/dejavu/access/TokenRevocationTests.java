package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a revoked token leaves, and who is left.
 */
class TokenRevocationTests extends AccessFixture {

    private static final String SUCCESSOR = "another-administrator-token";

    @ParameterizedTest
    @ValueSource(booleans = { false, true })
    void nameOfARevokedTokenIsNotGivenAgain(boolean postgresql) {
        Http http = startWithTokens(url(postgresql));
        Sample image = Sample.image();
        String ada = json(createToken(http, "ada", "write")).path("secret").asString();
        send(http, ada, "PUT", image.path(), image.body());
        assertThat(revoke(http, ADMIN, "ada").statusCode()).isEqualTo(204);
        assertProblem(createToken(http, "ada", "write"), 409, "name-taken", "ada");
        assertThat(get(http, ADMIN, "/tokens").body()).doesNotContain("ada");
        assertThat(get(http, ADMIN, image.path()).body()).contains("\"written_by\":\"ada\"");
    }

    @ParameterizedTest
    @ValueSource(booleans = { false, true })
    void lastAdministratorCannotBeRevoked(boolean postgresql) {
        Http http = startWithTokens(url(postgresql));
        String guest = json(
                send(http, ADMIN, "POST", "/tokens", "{\"name\":\"guest\",\"role\":\"admin\",\"expires_in\":\"1ms\"}"))
            .path("secret")
            .asString();
        createToken(http, "ada", "write");
        send(http, ADMIN, "POST", "/tokens", "{\"name\":\"pr\",\"role\":\"admin\",\"overlay\":\"pr-7\"}");
        await().until(() -> get(http, guest, "/stats").statusCode() == 401);
        assertProblem(revoke(http, ADMIN, "admin"), 409, "last-admin");
        assertThat(get(http, ADMIN, "/tokens").statusCode()).isEqualTo(200);
        assertThat(revoke(http, ADMIN, "guest").statusCode()).isEqualTo(204);
        assertThat(revoke(http, ADMIN, "ada").statusCode()).isEqualTo(204);
        assertThat(revoke(http, ADMIN, "pr").statusCode()).isEqualTo(204);
        String boss = json(createToken(http, "boss", "admin")).path("secret").asString();
        assertThat(revoke(http, ADMIN, "admin").statusCode()).isEqualTo(204);
        assertThat(get(http, ADMIN, "/stats").statusCode()).isEqualTo(401);
        assertProblem(revoke(http, boss, "boss"), 409, "last-admin");
    }

    @ParameterizedTest
    @ValueSource(booleans = { false, true })
    void administratorsWhoRevokeEachOtherLeaveOne(boolean postgresql) throws Exception {
        startOn(url(postgresql));
        AccessTokenRepository tokens = services.getFirst().getBean(AccessTokenRepository.class);
        AccessToken left = admin(0);
        tokens.add(left, Secret.random());
        try (ExecutorService both = Executors.newFixedThreadPool(2)) {
            for (int round = 1; round <= 100; round++) {
                AccessToken one = left;
                AccessToken other = admin(round);
                tokens.add(other, Secret.random());
                CyclicBarrier start = new CyclicBarrier(2);
                List<Callable<Boolean>> revocations = List.of(() -> revoke(tokens, one, start),
                        () -> revoke(tokens, other, start));
                int revoked = 0;
                for (Future<Boolean> revocation : both.invokeAll(revocations)) {
                    revoked += revocation.get() ? 1 : 0;
                }
                assertThat(revoked).as("round " + round).isOne();
                assertThat(tokens.list()).as("round " + round).hasSize(1);
                left = tokens.list().getFirst();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = { false, true })
    void revokedBootstrapTokenIsReplacedByAnotherSecretAlone(boolean postgresql) {
        String url = url(postgresql);
        Http http = startWithTokens(url);
        String boss = json(createToken(http, "boss", "admin")).path("secret").asString();
        String leaver = json(createToken(http, "leaver", "admin")).path("secret").asString();
        revoke(http, boss, "admin");
        revoke(http, boss, "leaver");
        for (String revoked : new String[] { ADMIN, leaver }) {
            services.removeFirst().close();
            http = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + revoked);
            assertThat(get(http, revoked, "/tokens").statusCode()).isEqualTo(401);
            assertThat(get(http, boss, "/tokens").statusCode()).isEqualTo(200);
        }
        services.removeFirst().close();
        http = startOn(url, "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + SUCCESSOR);
        assertThat(get(http, SUCCESSOR, "/tokens").body()).contains("\"admin\"", "\"boss\"").doesNotContain("leaver");
        assertThat(get(http, ADMIN, "/tokens").statusCode()).isEqualTo(401);
    }

    private String url(boolean postgresql) {
        return postgresql ? Postgres.url(Postgres.port(), Postgres.newDatabase()) : sqliteUrl();
    }

    private static HttpResponse<String> revoke(Http http, String token, String name) {
        return send(http, token, "DELETE", "/tokens/" + id(http, token, name), "");
    }

    private static boolean revoke(AccessTokenRepository tokens, AccessToken token, CyclicBarrier start)
            throws Exception {
        start.await();
        return tokens.revoke(token.id(), Instant.EPOCH.plus(Duration.ofDays(1))).isPresent();
    }

    private static AccessToken admin(int number) {
        return new AccessToken(AccessToken.newId(), "admin" + number, Role.ADMIN, Instant.EPOCH, null, null, null,
                null);
    }

}
