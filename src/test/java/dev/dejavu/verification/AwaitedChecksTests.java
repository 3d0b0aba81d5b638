package dev.dejavu.verification;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Many entries wait for their checks, which take ten seconds at the rate of the registry.
 */
@WithSqlite
@TestPropertySource(properties = "dejavu.verification.checks-per-second=4")
class AwaitedChecksTests extends QueuedChecksFixture {

    @Test
    void awaitedCheckGoesBeforeThoseThatNobodyWaitsFor() {
        List<String> uris = uris(40);
        for (String uri : uris) {
            put(uri);
        }
        // one that is queued in the background
        String last = path(uris.getLast());
        assertThat(json(http.get(last + "?verified=registry")).path("verified_by").asString()).isEqualTo("registry");
        // one that is not
        String request = "{\"scope\":\"s\",\"repository\":\"%s/team/other\",\"tag\":\"v1\",\"platforms\":[\"linux/amd64\"]}"
            .formatted(host());
        assertThat(http.post("/images/resolve", request).statusCode()).isEqualTo(200);
        assertThat(uris).anyMatch((uri) -> json(http.get(path(uri))).path("verified_by").asString().equals("client"));
    }

}
