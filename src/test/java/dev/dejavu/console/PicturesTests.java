package dev.dejavu.console;

import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Chromium;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.RequiresBrowser;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.SimulatedTeam;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Makes the pictures in {@code docs/images}: a team works with the service for almost
 * three weeks, whose last evening is shown.
 */
@Tag("pictures")
@RequiresBrowser
@WithSqlite
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + PicturesTests.ADMIN,
        "dejavu.registry.plain-http=ghcr.io", "dejavu.verification.checks-per-second=1000",
        "dejavu.rate-limit.writes-per-second=0", "dejavu.webhooks.ghcr.format=github",
        "dejavu.webhooks.ghcr.registry=ghcr.io", "dejavu.webhooks.ghcr.secret=" + PicturesTests.ADMIN,
        "dejavu.webhooks.harbor.format=harbor", "dejavu.webhooks.harbor.registry=registry.acme.example",
        "dejavu.webhooks.harbor.secret=" + PicturesTests.ADMIN })
class PicturesTests {

    static final String ADMIN = "an-administrator-of-the-pictures";

    private static final String HOST = "dejavu.acme.example";

    private static final String URL = "http://" + HOST;

    /** Who looks at the pages. */
    private static final String VISITOR = "greta";

    private static final String PUSHED = """
            {"action":"published","package":{"package_version":{"package_url":"%s",\
            "container_metadata":{"tag":{"name":"%s"}},"version":"%s"}}}""";

    private static final String DELETED = """
            {"type":"DELETE_ARTIFACT","occur_at":1795212000,"operator":"ada","event_data":{"resources":[{\
            "digest":"sha256:ede213c6d103bdf9c778df6a8514aa840e9ee664cea931bfe805a6e2abf13ce6","tag":"v1",\
            "resource_url":"registry.acme.example/base/python-cuda:v1"}],"repository":{"name":"python-cuda",\
            "namespace":"base","repo_full_name":"base/python-cuda","repo_type":"private"}}}""";

    private static final Path FOLDER = Path.of("docs/images");

    /** They are in a repository. */
    private static final int MAX_BYTES = 250_000;

    /** Stands for all registries, as the proxy to them. */
    private static final LoopbackRegistry registry = new LoopbackRegistry();

    private final Map<String, String> tokens = new HashMap<>();

    private Http http = new Http(0);

    private Chromium chromium;

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry properties) {
        properties.add("dejavu.registry.proxy", () -> "http://" + registry.host());
    }

    @BeforeAll
    void work(@LocalServerPort int port, @Autowired SettableClock clock) {
        chromium = Chromium.launch("--host-resolver-rules=MAP " + HOST + ":80 127.0.0.1:" + port);
        http = new Http(port).as(ADMIN);
        // To the weekend before the first Monday.
        clock.advance(Duration.ofDays(272));
        for (String name : SimulatedTeam.people()) {
            clock.advance(Duration.ofMinutes(11));
            String role = name.equals(VISITOR) ? "admin" : "write";
            tokens.put(name,
                    json(http.post("/tokens",
                            "{\"name\":\"%s\",\"role\":\"%s\",\"expires_in\":\"90d\"}".formatted(name, role)))
                        .path("secret")
                        .asString());
        }
        SimulatedTeam team = new SimulatedTeam(1, clock);
        for (int day = 0; day < 19; day++) {
            team.playDay(List.of(new SimulatedTeam.Instance(http, clock, tokens)));
        }
        await().until(() -> json(http.get("/savings?from=2026-10-01&to=2026-12-01")).path("total")
            .path("hits")
            .asLong() == team.truth().hits());
        changeRegistries(clock);
    }

    /** Images of the team are pushed again, and another registry loses one. */
    private void changeRegistries(SettableClock clock) {
        for (String name : List.of("search", "labels", "ranking-gpu", "routing", "churn")) {
            clock.advance(Duration.ofMinutes(4));
            String uri = json(http.get("/images?limit=500")).path("entries")
                .valueStream()
                .filter((image) -> image.path("repository").asString().equals("ghcr.io/acme/" + name))
                .findFirst()
                .orElseThrow()
                .path("image_uri")
                .asString();
            String digest = registry.push(uri.replace("ghcr.io", registry.host()));
            String body = PUSHED.formatted(uri, uri.substring(uri.lastIndexOf(':') + 1), digest);
            send("/webhooks/ghcr", body, "X-Hub-Signature-256", "sha256=" + signature(body));
            if (name.equals("ranking-gpu")) {
                send("/webhooks/harbor", DELETED, "Authorization", ADMIN);
            }
        }
        clock.advance(Duration.ofMinutes(2));
    }

    private void send(String path, String body, String... headers) {
        String[] all = Stream.concat(Stream.of(headers), Stream.of("Content-Type", "application/json"))
            .toArray(String[]::new);
        assertThat(new Http(http.port()).send("POST", path, BodyPublishers.ofString(body), all).statusCode())
            .isEqualTo(204);
    }

    private static String signature(String body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(ADMIN.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
        }
        catch (GeneralSecurityException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @AfterAll
    void close() {
        chromium.close();
        registry.close();
    }

    @ParameterizedTest
    @CsvSource({ "overview, /console, LIGHT, 1110", "overview-dark, /console, DARK, 1110",
            "images, /console/images, LIGHT, 800", "bundles, /console/bundles, LIGHT, 800",
            "webhooks, /console/webhooks, LIGHT, 720", "tokens, /console/tokens, LIGHT, 800" })
    void pageIsPictured(String name, String path, ColorScheme scheme, int height) {
        picture(name, scheme, height, (page) -> page.navigate(URL + path));
    }

    @Test
    void entryIsPictured() {
        picture("entry", ColorScheme.LIGHT, 1220, (page) -> {
            page.navigate(URL + "/console/images?q=ghcr.io/acme/routing&by=repository");
            page.locator("tr", new Page.LocatorOptions().setHasText("routing:development"))
                .first()
                .getByRole(AriaRole.LINK)
                .click();
            page.waitForSelector("#served");
        });
    }

    @Test
    void missIsExplained() {
        picture("explain", ColorScheme.LIGHT, 860, (page) -> {
            page.navigate(URL + "/console/explain");
            page.getByLabel("Image URI").fill("ghcr.io/acme/ranking:v9");
            page.getByLabel("Scope").fill("dns:///flyte.acme.example:ranking:development");
            page.keyboard().press("Enter");
            page.waitForSelector("#nearest");
        });
    }

    private void picture(String name, ColorScheme scheme, int height, Consumer<Page> open) {
        Browser.NewContextOptions options = new Browser.NewContextOptions().setColorScheme(scheme)
            .setViewportSize(1280, height)
            .setTimezoneId("UTC");
        try (BrowserContext context = chromium.browser().newContext(options)) {
            Page page = context.newPage();
            page.navigate(URL + "/");
            page.getByLabel("Token").fill(tokens.getOrDefault(VISITOR, ""));
            page.keyboard().press("Enter");
            page.waitForURL("**/console");
            open.accept(page);
            byte[] png = page.screenshot(new Page.ScreenshotOptions().setPath(FOLDER.resolve(name + ".png")));
            assertThat(png.length).isLessThan(MAX_BYTES);
        }
    }

}
