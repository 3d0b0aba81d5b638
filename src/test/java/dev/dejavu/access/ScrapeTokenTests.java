package dev.dejavu.access;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Base64;

import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ScrapeTokenTests extends AccessFixture {

    private static final String TOKEN = "a-monitor-that-reads-metrics";

    private static final String REQUESTS = "dejavu_http_requests_seconds_count{call=\"%s\",status=\"%s\"}";

    private static final String[] BEARER = { "Authorization", "Bearer " + TOKEN };

    @Test
    void tokenReadsTheMetricsAndNothingElse() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.scrape-token=" + TOKEN);
        assertThat(Scrape.of(http, BEARER).value("dejavu_schema_current")).isEqualTo(1);
        assertThat(Scrape
            .of(http, "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(("prometheus:" + TOKEN).getBytes(UTF_8)))
            .text()).contains("dejavu_build_info{");
        for (String path : new String[] { "/stats", "/images", "/images/" + Keys.next(), "/identity", "/actuator/info",
                "/actuator/health/registries", "/tokens", "/actuator/prometheus/x" }) {
            assertProblem(http.get(path, BEARER), 401, "unauthenticated");
        }
        assertProblem(get(http, TOKEN + "x", "/actuator/prometheus"), 401, "unauthenticated");
        assertProblem(http.get("/actuator/prometheus"), 401, "unauthenticated");
        assertThat(get(http, ADMIN, "/actuator/prometheus").statusCode()).isEqualTo(200);
    }

    @Test
    void fileMayHoldTheToken() throws IOException {
        Http http = start("--dejavu.access.mode=tokens",
                "--dejavu.scrape-token-file=" + Files.writeString(home.resolve("scrape-token"), TOKEN + "\n"));
        assertThat(Scrape.of(http, BEARER).text()).contains("dejavu_");
    }

    @Test
    void withoutTheSettingNoTokenIsTheMonitors() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN);
        assertProblem(http.get("/actuator/prometheus", BEARER), 401, "unauthenticated");
    }

    @Test
    void metricsAreReadWhileTheDatabaseIsAway() {
        Http http = startOn("jdbc:postgresql://127.0.0.1:1/dejavu", "--dejavu.access.mode=tokens",
                "--dejavu.scrape-token=" + TOKEN);
        assertProblem(get(http, ADMIN, "/images/" + Keys.next()), 503, "storage-unavailable");
        await().untilAsserted(() -> {
            Scrape scrape = Scrape.of(http, BEARER);
            assertThat(scrape.value(REQUESTS.formatted("GET /images/{hash}", "5xx"))).isEqualTo(1);
            assertThat(scrape.text()).contains("dejavu_schema_current 0.0", "dejavu_change_feed_current 0.0",
                    "dejavu_commit_waiting_writes 0.0");
        });
    }

    @Test
    void refusalOfAccessIsCounted() {
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.scrape-token=" + TOKEN);
        http.get("/images/" + Keys.next());
        String reader = Http.json(createToken(http, "reader", "read")).path("secret").asString();
        assertProblem(get(http, reader, "/tokens"), 403, "forbidden");
        await().untilAsserted(() -> {
            Scrape scrape = Scrape.of(http, BEARER);
            assertThat(scrape.value(REQUESTS.formatted("GET /images/{hash}", "4xx"))).isEqualTo(1);
            assertThat(scrape.value(REQUESTS.formatted("GET /tokens", "4xx"))).isEqualTo(1);
        });
    }

}
