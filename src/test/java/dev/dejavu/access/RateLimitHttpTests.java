package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Each caller has its own rate limit, whatever its role and whatever the others do.
 */
class RateLimitHttpTests extends AccessFixture {

    private static final String IMAGE = "{\"image_uri\":\"ghcr.io/acme/my-app:v1.0\"}";

    private static final String PARTS = """
            {"scope":"s","repository":"ghcr.io/acme/my-app","tag":"v1.0","platforms":["linux/amd64"]}""";

    private Http startLimited(String... settings) {
        return start(Stream.concat(
                Stream.of("--dejavu.admin-token=" + ADMIN, "--dejavu.verification.enabled=false",
                        "--dejavu.rate-limit.writes-per-second=1", "--dejavu.rate-limit.writes-burst=3",
                        "--dejavu.rate-limit.resolves-per-second=1", "--dejavu.rate-limit.resolves-burst=3"),
                Stream.of(settings))
            .toArray(String[]::new));
    }

    @Test
    void put_overTheRate_is429ForThisCallerAlone() {
        Http http = startLimited("--dejavu.access.mode=tokens");
        String ada = json(createToken(http, "ada", "write")).path("secret").asString();
        String bob = json(createToken(http, "bob", "write")).path("secret").asString();
        assertThat(putAs(http, ada).statusCode()).isNotEqualTo(429);
        HttpResponse<String> refused = flood(() -> putAs(http, ada));
        assertProblem(refused, 429, "too-many-requests");
        assertThat(header(refused, "Retry-After")).isEqualTo("1");
        assertThat(putAs(http, bob).statusCode()).isNotEqualTo(429);
        // neither the others' calls nor those of a stranger
        assertThat(send(http, ada, "GET", "/images/" + Keys.next(), "").statusCode()).isEqualTo(404);
        assertThat(send(http, ada, "POST", "/images/lookup", "{\"hashes\":[\"" + Keys.next() + "\"]}").statusCode())
            .isEqualTo(200);
        assertThat(send(http, ada, "POST", "/images/resolve", PARTS).statusCode()).isEqualTo(404);
        assertThat(send(http, "unknown", "PUT", "/images/" + Keys.next(), IMAGE).statusCode()).isEqualTo(401);
    }

    @Test
    void put_overTheRate_is429ForAnAdministratorToo() {
        Http http = startLimited("--dejavu.access.mode=tokens");
        assertProblem(flood(() -> putAs(http, ADMIN)), 429, "too-many-requests");
    }

    @Test
    void resolve_overTheRate_is429InModeOpen() {
        Http http = startLimited("--dejavu.access.mode=open");
        HttpResponse<String> refused = flood(() -> http.post("/images/resolve", PARTS));
        assertProblem(refused, 429, "too-many-requests");
        assertThat(header(refused, "Retry-After")).isEqualTo("1");
        assertThat(http.put("/images/" + Keys.next(), IMAGE).statusCode()).isEqualTo(201);
    }

    private static HttpResponse<String> putAs(Http http, String token) {
        return send(http, token, "PUT", "/images/" + Keys.next(), IMAGE);
    }

    /**
     * Sends a request until the answer changes, which it does unless each one takes a
     * second.
     */
    private static HttpResponse<String> flood(Supplier<HttpResponse<String>> request) {
        int first = request.get().statusCode();
        return Stream.generate(request)
            .limit(200)
            .filter((response) -> response.statusCode() != first)
            .findFirst()
            .orElseThrow();
    }

}
