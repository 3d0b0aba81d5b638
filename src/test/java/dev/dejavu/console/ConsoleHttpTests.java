package dev.dejavu.console;

import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.util.ReflectionTestUtils;
import tools.jackson.databind.JsonNode;

import dev.dejavu.registry.ImageStatus;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SavedDays;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithSqlite;
import dev.dejavu.verification.RegistryHealthIndicator;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ConsoleHttpTests {

    private static final String ADMIN = "an-administrator-of-the-tests";

    private static final String CSRF = "0d4c3a6e-6a53-4f64-8a52-6f1fd6a8ae55";

    abstract static class Fixture {

        Http http = new Http(0);

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        /** Gets a page as a browser does, perhaps with the cookie of a session. */
        HttpResponse<String> page(String path, String session, String... headers) {
            List<String> all = new ArrayList<>(List.of("Accept", "text/html", "Cookie", session + "; other=1"));
            all.addAll(List.of(headers));
            return http.send("GET", path, null, all.toArray(String[]::new));
        }

        /** Sends a form with the token against forgery. */
        HttpResponse<String> post(String path, String session, Map<String, String> fields) {
            HttpResponse<String> form = page("/console/sign-in", "");
            String token = form.body().replaceFirst("(?s).*name=\"_csrf\"[^>]*value=\"([^\"]+)\".*", "$1");
            String cookie = cookie(form, "dejavu-csrf");
            String body = fields.entrySet()
                .stream()
                .map((field) -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&", "_csrf=" + token + "&", ""));
            return http.send("POST", path, BodyPublishers.ofString(body), "Content-Type",
                    "application/x-www-form-urlencoded", "Cookie", cookie + "; " + session);
        }

        static String cookie(HttpResponse<String> response, String name) {
            return response.headers()
                .allValues("Set-Cookie")
                .stream()
                .filter((cookie) -> cookie.startsWith(name + "="))
                .map((cookie) -> cookie.substring(0, cookie.indexOf(';')))
                .findFirst()
                .orElseThrow();
        }

    }

    private static final String NUMBERS = "with recursive numbers (n) as (select 1 union all select n + 1 from numbers"
            + " where n < :count) ";

    private static final String EVENTS = NUMBERS + """
            insert into history_event (cache, hash, overlay, at, kind, value)
            select 'images', :key, '', :now - n, 'put', 'ghcr.io/acme/app:v1' from numbers
            """;

    private static final String OVERLAYS = NUMBERS + """
            insert into history_event (cache, hash, overlay, at, kind, value)
            select 'images', :key, 'pr' || n, :now - n, 'put', 'ghcr.io/acme/app:v1' from numbers
            """;

    private static final String SERVED = NUMBERS + """
            insert into history_served (cache, hash, overlay, day, value, identity, first_at, last_at, times)
            select 'images', :key, '', :now / 86400000, 'v', 'i' || n, :now, :now, 1 from numbers
            """;

    @Nested
    @WithSqlite
    class WhenOpen extends Fixture {

        @Autowired
        private SettableClock clock;

        @Autowired
        private JdbcClient writer;

        @Autowired
        private RegistryHealthIndicator registries;

        @Test
        void root_isTheConsoleForBrowsersAndAnIndexForOthers() {
            HttpResponse<String> browser = page("/", "", "Accept-Language", "en");
            assertThat(browser.statusCode()).isEqualTo(302);
            assertThat(header(browser, "Location")).isEqualTo("/console");
            assertThat(header(browser, "Vary")).contains("Accept");
            HttpResponse<String> other = http.get("/");
            assertThat(other.statusCode()).isEqualTo(200);
            assertThat(header(other, "Content-Type")).isEqualTo("application/json");
            for (String link : List.of("console", "openapi", "docs", "health", "client")) {
                assertThat(http.get(json(other).path(link).asString()).statusCode()).as(link).isEqualTo(200);
            }
            assertThat(json(other).path("calls").valueStream().map((call) -> call.asString()))
                .contains("/images/{hash}", "/bundles/lookup", "/savings", "/images/explain");
            assertThat(http.get("/", "Accept", "nonsense").statusCode()).isEqualTo(200);
            assertThat(page("/console/", "").statusCode()).isEqualTo(200);
        }

        @Test
        void page_allowsNothingFromElsewhereAndNothingInline() {
            HttpResponse<String> page = page("/console", "");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(header(page, "Content-Security-Policy"))
                .contains("default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe", "http");
            assertThat(header(page, "Cache-Control")).contains("no-store");
            assertThat(page.body()).doesNotContainPattern("<script>|<style|\\sstyle=|\\son[a-z]+=|https?://(?!127)");
        }

        /** They have no version in their addresses, and may change with each upgrade. */
        @Test
        void partOfAPage_isAskedForEachTimeAndSentOnce() {
            Matcher parts = Pattern.compile("(?:href|src)=\"(/[^\"]+\\.(?:css|js))\"")
                .matcher(page("/console", "").body());
            List<String> found = parts.results().map((part) -> part.group(1)).toList();
            assertThat(found).hasSize(5);
            for (String part : found) {
                HttpResponse<String> first = http.get(part);
                assertThat(first.statusCode()).as(part).isEqualTo(200);
                assertThat(header(first, "Cache-Control")).as(part).isEqualTo("no-cache");
                assertThat(http.get(part, "If-Modified-Since", header(first, "Last-Modified")).statusCode()).as(part)
                    .isEqualTo(304);
            }
        }

        @Test
        void emptyService_saysHowToFillIt() {
            http.delete("/images");
            http.delete("/bundles");
            String page = page("/console", "").body().replace("&#39;", "'").replace("&quot;", "\"");
            assertThat(page).contains("curl -X PUT http://127.0.0.1:" + http.port() + "/images/",
                    "curl -X PUT http://127.0.0.1:" + http.port() + "/bundles/");
        }

        @Test
        void chart_showsQuietDaysAsQuiet() {
            Sample image = Sample.image();
            http.put(image.path(), image.body());
            clock.advance(Duration.ofDays(10));
            SavedDays days = new SavedDays(writer);
            days.add(clock.instant().minus(Duration.ofDays(5)), "ghcr.io/acme/app", 4, 1, 1, 7200);
            days.add(clock.instant().minus(Duration.ofDays(2)), "ghcr.io/acme/app", 2, 2, 0, 0);
            String page = page("/console", "").body();
            assertThat(page).contains("data-values=\"0,2.0000,0,0,0.0000,0,0\"", "data-values=\",75.0,,,,,\"")
                .containsPattern("data-times=\"\\d+(,\\d+){6}\"");
        }

        @ParameterizedTest
        @CsvSource({ "0, false", "1, true" })
        void list_saysThatItWasCutWhereItWas(int more, boolean isCut) {
            String key = Keys.next().hex();
            for (Map.Entry<String, Integer> rows : Map.of(EVENTS, 500, SERVED, 1000).entrySet()) {
                writer.sql(rows.getKey())
                    .param("count", rows.getValue() + more)
                    .param("key", key)
                    .param("now", clock.millis())
                    .update();
            }
            String entry = page("/console/images/" + key, "").body();
            assertThat(entry.split("<tr>", -1)).hasSize(1 + 1 + 500 + 1 + 1000);
            assertThat(entry.contains("There are more: the 500 newest are shown.")).isEqualTo(isCut);
            assertThat(entry.contains("There are more: the 1000 latest are shown.")).isEqualTo(isCut);
            assertThat(json(http.get("/images/" + key + "/history")).propertyNames()).contains("events", "served")
                .noneMatch((name) -> name.contains("cut"));
            clock.advance(Duration.ofDays(10));
            Sample stored = Sample.image();
            http.put(stored.path(), stored.body());
            for (int i = 0; i < 10 + more; i++) {
                new SavedDays(writer).add(clock.instant().minus(Duration.ofDays(1)), "ghcr.io/acme/app" + i, 1, 0, 0,
                        1);
            }
            for (int i = 0; i < 20 + more; i++) {
                Sample image = Sample.image();
                assertThat(http.post(image.path() + "/lease", image.body()).statusCode()).isEqualTo(201);
            }
            String overview = page("/console", "").body();
            assertThat(overview.contains("There are more: the 10 busiest are shown.")).isEqualTo(isCut);
            assertThat(overview.contains("There are more: the 20 oldest are shown.")).isEqualTo(isCut);
            clock.advance(Duration.ofDays(1));
        }

        @ParameterizedTest
        @CsvSource({ "image, 0, false", "image, 1, true", "bundle, 0, false", "bundle, 1, true" })
        void explanation_saysThatTheNearestWereCutWhereTheyWere(String kind, int more, boolean isCut) {
            String scope = "https://" + Keys.next().hex().substring(0, 20) + ".example.com:proj:dev";
            String repository = "ghcr.io/acme/" + Keys.next().hex().substring(0, 20);
            for (int i = 0; i < 5 + more; i++) {
                Sample near = kind.equals("image") ? Sample.image(scope, repository, "v" + i) : Sample.bundle(scope);
                assertThat(http.put(near.path(), near.body()).statusCode()).isEqualTo(201);
            }
            String asked = kind.equals("image") ? "uri=" + repository + ":none"
                    : "digest=" + Keys.next().hex().substring(0, 32);
            String page = page("/console/explain?" + asked + "&scope=" + scope, "").body();
            assertThat(page.split("<tbody>", -1)).hasSize(1 + 5);
            assertThat(page.contains("There are more: the 5 nearest are shown.")).isEqualTo(isCut);
        }

        @Test
        void overview_saysThatRegistriesWereCutOnceTheyWere() {
            String cut = "There are more: the 100 busiest are shown.";
            while (registries.last().size() < 100) {
                checkRegistry();
            }
            assertThat(page("/console", "").body()).doesNotContain(cut);
            checkRegistry();
            await().until(() -> page("/console", "").body().contains(cut));
        }

        private void checkRegistry() {
            ReflectionTestUtils.invokeMethod(registries, "record", Keys.next().hex() + ".example.com",
                    ImageStatus.unknown(ImageStatus.Reason.TIMEOUT, "no answer"), "none");
        }

        @Test
        void overview_saysWhoBuildsWhat() {
            Sample image = Sample.image().with("holder", "job 7 <of main>");
            HttpResponse<String> taken = http.post(image.path() + "/lease", image.body());
            assertThat(taken.statusCode()).isEqualTo(201);
            assertThat(page("/console", "").body()).contains(image.value(), "job 7 &lt;of main&gt;");
            http.put(image.path(), image.body());
            assertThat(page("/console", "").body()).doesNotContain(image.value());
        }

        @Test
        void change_withoutTheTokenAgainstForgeryIsRefused() {
            Sample image = Sample.image();
            http.put(image.path(), image.body());
            String forget = "/console" + image.path() + "/forget";
            HttpResponse<String> forged = http.send("POST", forget, BodyPublishers.ofString("_csrf=" + CSRF),
                    "Content-Type", "application/x-www-form-urlencoded", "Cookie", "dejavu-csrf=" + CSRF);
            assertThat(forged.statusCode()).isEqualTo(403);
            assertThat(header(forged, "Content-Type")).startsWith("text/html");
            assertThat(http.send("POST", forget, null).statusCode()).isEqualTo(403);
            assertThat(http.get(image.path()).statusCode()).isEqualTo(200);
        }

        @ParameterizedTest
        @CsvSource({ "POST, /", "PUT, /", "DELETE, /", "PATCH, /", "POST, /console", "PUT, /console/images",
                "DELETE, /console/sign-in", "POST, /console/console.css" })
        void methodThatNoPageHas_is405WithoutACookie(String method, String path) {
            HttpResponse<String> refused = http.send(method, path, BodyPublishers.ofString("{}"), "Content-Type",
                    "application/json");
            assertProblem(refused, 405, "about:blank");
            assertThat(header(refused, "Allow")).contains("GET", "HEAD");
            assertThat(header(refused, "Set-Cookie")).isEmpty();
            HttpResponse<String> browser = http.send(method, path, null, "Accept", "text/html");
            assertThat(browser.statusCode()).isEqualTo(405);
            assertThat(header(browser, "Content-Type"))
                .startsWith(path.equals("/") ? "application/problem+json" : "text/html");
        }

        @Test
        void key_isExplainedWhateverItIsOf() {
            Sample image = Sample.image();
            Sample bundle = Sample.bundle();
            http.put(image.path(), image.body());
            http.put(bundle.path(), bundle.body());
            for (Sample one : List.of(image, bundle)) {
                String page = page("/console/explain?key=+" + one.key(), "").body();
                assertThat(page).contains("It is here.", "/console" + one.path());
            }
            http.delete(image.path());
            assertThat(page("/console/explain?key=" + image.key(), "").body()).contains("It was removed at ");
            assertThat(page("/console/explain?key=" + Keys.next(), "").body())
                .contains("No entry with this key was ever seen here.");
            assertThat(page("/console/explain?key=ABC", "").statusCode()).isEqualTo(400);
        }

        @Test
        void tokens_cannotBeMadeWhereNobodyNeedsOne() {
            assertThat(page("/console/tokens", "").body()).contains("Everybody may do everything here")
                .doesNotContain("Make it");
        }

        @Test
        void otherHost_isRefusedAsInTheApi() {
            HttpResponse<String> proxied = page("/console", "", "X-Forwarded-For", "203.0.113.7");
            assertProblem(proxied, 403, "forbidden");
        }

        @ParameterizedTest
        @CsvSource({ "uri, URI", "repository, repository", "tag, tag", "scope, scope", "prefix, key", "key, key" })
        void search_findsWhateverTheTextIs(String what, String found) {
            String name = Keys.next().hex().substring(0, 20);
            Sample image = Sample.image("https://flyte.example.com:" + name + ":dev", "ghcr.io/acme/" + name,
                    "t" + name);
            assertThat(http.put(image.path(), image.body()).statusCode()).isEqualTo(201);
            String text = switch (what) {
                case "uri" -> image.value();
                case "repository" -> "ghcr.io/acme/" + name;
                case "tag" -> "t" + name;
                case "scope" -> "https://flyte.example.com:" + name + ":dev";
                case "prefix" -> image.key().substring(0, 12);
                default -> image.key();
            };
            String page = page("/console/images?q=" + URLEncoder.encode(text, StandardCharsets.UTF_8), "").body();
            assertThat(page).contains("Found as <b>" + found + "</b>", image.value(), "/console" + image.path());
            assertThat(page.split("<tr>", -1)).hasSize(3);
            assertThat(page("/console/images?q=" + text.replaceAll("[^a-z0-9]", "") + "x", "").body())
                .contains("Nothing found");
        }

        @Test
        void list_goesOnWithOlderEntries() {
            String scope = "https://" + Keys.next().hex().substring(0, 20) + ".example.com:proj:dev";
            for (int i = 0; i < 51; i++) {
                Sample bundle = Sample.bundle(scope);
                assertThat(http.put(bundle.path(), bundle.body()).statusCode()).isEqualTo(201);
            }
            String first = page("/console/bundles?by=scope&q=" + URLEncoder.encode(scope, StandardCharsets.UTF_8), "")
                .body();
            assertThat(first.split("<tr>", -1)).hasSize(52);
            String next = first.replaceFirst("(?s).*class=\"button\" href=\"([^\"]+)\".*", "$1").replace("&amp;", "&");
            assertThat(page(next, "").body().split("<tr>", -1)).hasSize(3);
        }

        @Test
        void filter_showsEntriesOfThatStateAlone() {
            Sample image = Sample.image();
            http.put(image.path(), image.body());
            String value = "/console/images?q=" + URLEncoder.encode(image.value(), StandardCharsets.UTF_8) + "&show=";
            assertThat(page(value + "fresh", "").body()).contains(image.path());
            assertThat(page(value + "invalidated", "").body()).doesNotContain(image.path());
            assertThat(page(value + "overlay", "").body()).doesNotContain(image.path());
        }

        @ParameterizedTest
        @CsvSource({ "/console/images/ABC, 400", "/console/bundles/0123456789abcdef0123456789abcdef, 404",
                "/console/images?after=nonsense, 400" })
        void problem_isAPage(String path, int status) {
            HttpResponse<String> page = page(path, "");
            assertThat(page.statusCode()).isEqualTo(status);
            assertThat(header(page, "Content-Type")).startsWith("text/html");
            assertThat(page.body()).contains("<h1").doesNotContain("Exception", "springframework");
        }

    }

    @Nested
    @WithSqlite
    @TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + ADMIN,
            "dejavu.access.anonymous-read=true", "dejavu.webhooks.azure.format=event-grid",
            "dejavu.webhooks.azure.registry=acme.azurecr.io", "dejavu.webhooks.azure.secret=" + ADMIN,
            "dejavu.webhooks.team.format=distribution", "dejavu.webhooks.team.registry=registry.example.com",
            "dejavu.webhooks.team.secret=" + ADMIN })
    class WithTokens extends Fixture {

        @Autowired
        private SettableClock clock;

        @Autowired
        private JdbcClient writer;

        private String session(String role, String members) {
            HttpResponse<String> created = http.send("POST", "/tokens",
                    BodyPublishers.ofString("{\"name\":\"t%s\",\"role\":\"%s\"%s}"
                        .formatted(Keys.next().hex().substring(0, 30), role, members)),
                    "Authorization", "Bearer " + ADMIN, "Content-Type", "application/json");
            return signIn(json(created).path("secret").asString());
        }

        private String signIn(String token) {
            return cookie(post("/console/sign-in", "", Map.of("token", token)), "dejavu-session");
        }

        private void put(Sample entry) {
            assertThat(http
                .send("PUT", entry.path(), BodyPublishers.ofString(entry.body()), "Authorization", "Bearer " + ADMIN,
                        "Content-Type", "application/json")
                .statusCode()).isEqualTo(201);
        }

        @ParameterizedTest
        @CsvSource({ "19, false", "20, true" })
        void history_ofManyOverlays_saysThatItWasCut(int overlays, boolean isCut) {
            String key = Keys.next().hex();
            writer.sql(OVERLAYS).param("count", overlays).param("key", key).param("now", clock.millis()).update();
            String page = page("/console/images/" + key, signIn(ADMIN)).body();
            assertThat(page.contains("There are more: the 19 newest are shown.")).isEqualTo(isCut);
        }

        @Test
        void session_isACookieForTheConsoleAlone() {
            HttpResponse<String> signedIn = post("/console/sign-in", "",
                    Map.of("token", ADMIN, "from", "/console/tokens"));
            assertThat(signedIn.statusCode()).isEqualTo(303);
            assertThat(header(signedIn, "Location")).isEqualTo("/console/tokens");
            assertThat(signedIn.headers().allValues("Set-Cookie"))
                .anyMatch((cookie) -> cookie.matches("dejavu-session=[^;]+; Path=/console; HttpOnly; SameSite=Strict"));
            String session = cookie(signedIn, "dejavu-session");
            assertThat(page("/console", session).statusCode()).isEqualTo(200);
            assertProblem(http.get("/stats", "Cookie", session), 401, "unauthenticated");
        }

        @Test
        void signIn_leadsNowhereElse() {
            for (String from : List.of("https://evil.example.com", "//evil.example.com", "/console/../x y",
                    "/console/%zz", "/console/{x}")) {
                assertThat(header(post("/console/sign-in", "", Map.of("token", ADMIN, "from", from)), "Location"))
                    .isEqualTo("/console");
            }
        }

        @Test
        void wrongToken_isToldSo() {
            HttpResponse<String> refused = post("/console/sign-in", "", Map.of("token", "djv_wrong"));
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.body()).contains("This token is wrong, revoked or expired.");
            assertThat(refused.headers().allValues("Set-Cookie")).noneMatch((cookie) -> cookie.startsWith("dejavu-s"));
        }

        @Test
        void stranger_isAskedToSignInAndLedBack() {
            HttpResponse<String> refused = page("/console/images?show=fresh", "");
            assertThat(refused.statusCode()).isEqualTo(303);
            assertThat(header(refused, "Location"))
                .isEqualTo("/console/sign-in?from=%2Fconsole%2Fimages%3Fshow%3Dfresh");
            HttpResponse<String> part = page("/console/images", "", "HX-Request", "true");
            assertThat(part.statusCode()).isEqualTo(401);
            assertThat(header(part, "HX-Redirect")).isEqualTo("/console/sign-in");
            assertThat(part.body()).isEmpty();
        }

        @Test
        void anonymousReader_seesEntriesWhoseKeysItKnows() {
            Sample image = Sample.image();
            put(image);
            String page = page("/console" + image.path(), "").body();
            assertThat(page).contains(image.value(), "Sign in")
                .doesNotContain("Forget", "Check now", "Overview</a>", "History");
            assertThat(page("/console/images/" + Keys.next(), "").body()).doesNotContain("History");
            assertThat(page("/console" + image.path(), session("read", "")).body()).contains("History");
            assertThat(page("/console" + image.path() + "/forget", "").statusCode()).isEqualTo(303);
        }

        @ParameterizedTest
        @CsvSource({ "read, 403", "write, 403", "admin, 200" })
        void role_decidesWhatIsShownAndAllowed(String role, int status) {
            Sample image = Sample.image();
            put(image);
            String session = session(role, "");
            String entry = page("/console" + image.path(), session).body();
            boolean isAdmin = status == 200;
            assertThat(entry.contains("/forget\"")).isEqualTo(isAdmin);
            assertThat(entry.contains(">Tokens</a>")).isEqualTo(isAdmin);
            assertThat(entry.contains("Author")).isEqualTo(isAdmin);
            assertThat(page("/console/tokens", session).statusCode()).isEqualTo(status);
            assertThat(page("/console/webhooks", session).statusCode()).isEqualTo(200);
            assertThat(page("/console" + image.path() + "/forget", session).statusCode()).isEqualTo(status);
            assertThat(post("/console" + image.path() + "/check", session, Map.of()).statusCode()).isEqualTo(303);
            assertThat(post("/console/tokens", session,
                    Map.of("name", "c" + Keys.next().hex().substring(0, 20), "role", "read"))
                .statusCode()).isEqualTo(status);
            HttpResponse<String> forgotten = post("/console" + image.path() + "/forget", session, Map.of());
            assertThat(forgotten.statusCode()).isEqualTo(isAdmin ? 303 : 403);
        }

        @ParameterizedTest
        @CsvSource({ "read, false", "admin, true" })
        void lease_ofAnOverlayIsShownToAdministratorsAlone(String role, boolean isShown) {
            Sample ofFork = Sample.image();
            Sample ofTeam = Sample.image();
            HttpResponse<String> fork = http.send("POST", "/tokens",
                    BodyPublishers.ofString("{\"name\":\"f%s\",\"role\":\"write\",\"overlay\":\"fork\"}"
                        .formatted(Keys.next().hex().substring(0, 30))),
                    "Authorization", "Bearer " + ADMIN, "Content-Type", "application/json");
            lease(ofFork, json(fork).path("secret").asString());
            lease(ofTeam, ADMIN);
            String overview = page("/console", session(role, "")).body();
            assertThat(overview).contains(ofTeam.value());
            assertThat(overview.contains(ofFork.value())).isEqualTo(isShown);
            assertThat(overview.contains("<td>admin</td>")).isEqualTo(isShown);
        }

        private void lease(Sample image, String token) {
            assertThat(http
                .send("POST", image.path() + "/lease", BodyPublishers.ofString(image.body()), "Authorization",
                        "Bearer " + token, "Content-Type", "application/json")
                .statusCode()).isEqualTo(201);
        }

        @Test
        void check_ofABundleHasNobodyToAsk() {
            Sample bundle = Sample.bundle();
            put(bundle);
            assertThat(header(post("/console" + bundle.path() + "/check", signIn(ADMIN), Map.of()), "Location"))
                .isEqualTo("/console" + bundle.path() + "?checked=impossible");
        }

        @Test
        void webhooks_tellWhatThisInstanceReceivedSinceItsStart() {
            String session = signIn(ADMIN);
            assertThat(text("/console/webhooks", session)).contains("received since it started: nothing yet.",
                    "event-grid");
            http.send("POST", "/webhooks/team", BodyPublishers.ofString("""
                    {"events": [{"id": "1", "action": "delete", "target": {"repository": "team/app", "tag": "v1"}}]}
                    """), "Content-Type", "application/json", "Authorization", ADMIN);
            assertThat(text("/console/webhooks", session)).contains("received since it started.",
                    "registry.example.com/team/app:v1");
        }

        private String text(String path, String session) {
            return page(path, session).body().replaceAll("<[^>]+>", "");
        }

        @Test
        void token_thatCannotBeMadeLeavesWhatWasChosen() {
            String form = post("/console/tokens", signIn(ADMIN), Map.of("name", "ada", "role", "read", "expires",
                    "soon", "overlay", "fork", "scopes", "a:*\r\nb:*", "writeRepositories", "ghcr.io/<acme>/*"))
                .body();
            assertThat(form)
                .contains("role=\"alert\"", "value=\"ada\"", "value=\"soon\"", "value=\"fork\"",
                        ">a:*\r\nb:*</textarea>", ">ghcr.io/&lt;acme&gt;/*</textarea>")
                .containsPattern("<option selected[^>]*>read<");
        }

        @ParameterizedTest
        @CsvSource({ "write, a*b*c*d*e*, limits are for read and write", "admin, a:*, limits are for read and write" })
        void token_withLimitsThatCannotBeIsNotMade(String role, String scope, String problem) {
            HttpResponse<String> refused = post("/console/tokens", signIn(ADMIN),
                    Map.of("name", name(), "role", role, "scopes", scope));
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains(problem, ">" + scope + "</textarea>");
        }

        @Test
        void token_isMadeWithTheLimitsOfTheApi() {
            String name = name();
            String page = post("/console/tokens", signIn(ADMIN),
                    Map.of("name", name, "role", "write", "expires", "12h", "scopes", " a:* \r\n\r\nb:*",
                            "repositories", "", "writeScopes", "a:x:*", "writeRepositories", "ghcr.io/acme/*"))
                .body();
            assertThat(page.replaceAll("<[^>]+>", "")).contains("scopes: a:*, b:*", "writes scopes: a:x:*",
                    "writes repositories: ghcr.io/acme/*");
            assertThat(page).doesNotContain(">a:x:*</textarea>");
            JsonNode token = json(http.as(ADMIN).get("/tokens")).path("tokens")
                .valueStream()
                .filter((one) -> one.path("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
            assertThat(token.path("limits")).hasToString(
                    "{\"scopes\":[\"a:*\",\"b:*\"],\"repositories\":[],\"write_scopes\":[\"a:x:*\"],\"write_repositories\":[\"ghcr.io/acme/*\"]}");
            assertThat(token.has("expires_at")).isTrue();
        }

        private static String name() {
            return "t" + Keys.next().hex().substring(0, 30);
        }

        @Test
        void limitedToken_seesWhatTheApiShowsIt() {
            Sample mine = Sample.image("https://flyte.example.com:mine:dev", "ghcr.io/acme/" + Keys.next().hex());
            Sample other = Sample.image("https://flyte.example.com:other:dev", "ghcr.io/acme/" + Keys.next().hex());
            put(mine);
            put(other);
            String session = session("read", ",\"limits\":{\"scopes\":[\"https://flyte.example.com:mine:*\"]}");
            String list = page("/console/images", session).body();
            assertThat(list).contains(mine.path()).doesNotContain(other.path(), "Webhooks</a>");
            assertThat(page("/console" + other.path(), session).statusCode()).isEqualTo(404);
            assertThat(page("/console/webhooks", session).statusCode()).isEqualTo(403);
            assertThat(page("/console", session).body()).contains("misses are not counted")
                .doesNotContain("Registries", "Hit ratio</dt>");
        }

        @Test
        void revokedToken_endsItsSessionAtOnce() {
            String admin = signIn(ADMIN);
            String name = "r" + Keys.next().hex().substring(0, 20);
            String made = post("/console/tokens", admin, Map.of("name", name, "role", "read")).body();
            String session = signIn(made.replaceFirst("(?s).*(djv_[0-9a-f]{48}).*", "$1"));
            assertThat(page("/console", session).statusCode()).isEqualTo(200);
            String id = page("/console/tokens", admin).body()
                .replaceFirst("(?s).*/console/tokens/([0-9a-f]+)/revoke\" aria-label=\"Revoke " + name + ".*", "$1");
            assertThat(post("/console/tokens/" + id + "/revoke", admin, Map.of()).statusCode()).isEqualTo(303);
            HttpResponse<String> ended = page("/console", session);
            assertThat(ended.statusCode()).isEqualTo(303);
            assertThat(ended.headers().allValues("Set-Cookie"))
                .anyMatch((cookie) -> cookie.startsWith("dejavu-session=; Path=/console; Max-Age=0"));
        }

        @Test
        void signOut_takesTheCookieAway() {
            HttpResponse<String> out = post("/console/sign-out", signIn(ADMIN), Map.of());
            assertThat(header(out, "Location")).isEqualTo("/console/sign-in");
            assertThat(cookie(out, "dejavu-session")).isEqualTo("dejavu-session=");
        }

    }

}
