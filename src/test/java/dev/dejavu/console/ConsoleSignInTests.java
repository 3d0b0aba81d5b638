package dev.dejavu.console;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.LoginProvider;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Signing in with the team's provider, as a browser does it.
 */
@WithSqlite
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=an-administrator-of-the-tests",
        "server.forward-headers-strategy=native" })
class ConsoleSignInTests {

    private static final String BEGIN = "/console/sign-in/oidc";

    private static final LoginProvider provider = new LoginProvider();

    private final HttpClient browser = HttpClient.newHttpClient();

    private Http http = new Http(0);

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry settings) {
        // It starts without its provider.
        provider.issuer().setUnavailable(true);
        settings.add("dejavu.console.oidc.issuer", provider::uri);
        settings.add("dejavu.console.oidc.client-id", () -> LoginProvider.CLIENT);
        settings.add("dejavu.console.oidc.client-secret", () -> LoginProvider.SECRET);
        for (String[] entry : new String[][] { { "0", "dejavu", "write", "repository=*" },
                { "1", LoginProvider.CLIENT, "admin", "groups=platform" } }) {
            String name = "dejavu.access.oidc[" + entry[0] + "].";
            settings.add(name + "issuer", provider::uri);
            settings.add(name + "audience", () -> entry[1]);
            settings.add(name + "rules[0].role", () -> entry[2]);
            settings.add(name + "rules[0].claims", () -> entry[3]);
        }
        settings.add("dejavu.access.oidc[1].rules[1].role", () -> "read");
        settings.add("dejavu.access.oidc[1].rules[1].claims", () -> "groups=engineers,email=*@example.com");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
        provider.reset();
    }

    @AfterAll
    static void close() {
        provider.close();
    }

    @ParameterizedTest
    @CsvSource({ "engineers, read, 403", "platform, admin, 200" })
    void groupDecidesTheRole(String group, String role, int tokens) {
        provider.setPerson(Map.of("sub", "1000", "email", "ada@example.com", "groups", List.of("all", group)));
        HttpResponse<String> signedIn = signIn("/console/images?q=a%20b");
        assertThat(signedIn.statusCode()).isEqualTo(200);
        assertThat(signedIn.body()).contains("http-equiv=\"refresh\" content=\"0; url=/console/images?q=a%20b\"",
                "href=\"/console/images?q=a%20b\"");
        assertThat(setCookie(signedIn, "dejavu-sign-in")).contains("Max-Age=0", "Path=/console/sign-in/oidc");
        String session = setCookie(signedIn, "dejavu-session");
        assertThat(session).contains("Path=/console;", "HttpOnly", "SameSite=Strict");
        HttpResponse<String> page = page("/console", value(session));
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains(provider.uri() + "#1000", ">" + role + "</span>");
        assertThat(page("/console/tokens", value(session)).statusCode()).isEqualTo(tokens);
    }

    @Test
    void page_offersTheProviderAndLeadsThere() {
        HttpResponse<String> form = page("/console/sign-in?from=%2Fconsole%2Ftokens", "");
        assertThat(form.body()).contains("Sign in with localhost", BEGIN + "?from=/console/tokens", "name=\"token\"");
        HttpResponse<String> begun = page(BEGIN, "");
        assertThat(begun.statusCode()).isEqualTo(303);
        assertThat(header(begun, "Location")).startsWith(provider.uri() + "/authorize?")
            .contains("response_type=code", "code_challenge_method=S256", "nonce=", "state=", "scope=openid%20profile")
            .contains("redirect_uri=http://127.0.0.1:" + http.port() + BEGIN + "/callback");
        assertThat(setCookie(begun, "dejavu-sign-in")).contains("Path=" + BEGIN, "HttpOnly", "SameSite=Lax",
                "Max-Age=600");
    }

    @Test
    void addresses_areThoseThatTheBrowserSees() {
        HttpResponse<String> begun = http.get(BEGIN, "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https",
                "X-Forwarded-Host", "tools.example.com", "X-Forwarded-Prefix", "/dejavu");
        assertThat(header(begun, "Location"))
            .contains("redirect_uri=https://tools.example.com/dejavu" + BEGIN + "/callback&");
        assertThat(setCookie(begun, "dejavu-sign-in")).contains("Path=/dejavu" + BEGIN + ";", "Secure");
    }

    @ParameterizedTest
    @ValueSource(strings = { "https://evil.example.com/", "//evil.example.com", "/images", "/consoles", "javascript:1",
            "/console\"onload", "" })
    void returnPath_leadsNowhereElse(String from) {
        assertThat(signIn(from).body()).contains("url=/console\"");
    }

    @Test
    void callback_thatThisBrowserDidNotBeginSignsNobodyIn() {
        HttpResponse<String> mine = page(BEGIN, "");
        HttpResponse<String> another = page(BEGIN, "");
        String back = agree(mine);
        for (String cookie : List.of("", value(setCookie(another, "dejavu-sign-in")), "dejavu-sign-in=x.y",
                "dejavu-sign-in=" + "a".repeat(43) + ".!")) {
            assertRefused(page(back, cookie), 400, "This browser did not begin that sign-in");
        }
        String cookie = value(setCookie(mine, "dejavu-sign-in"));
        assertRefused(page(BEGIN + "/callback?code=x&state=", cookie), 400, "did not begin");
        assertRefused(page(BEGIN + "/callback?code=x", cookie), 400, "did not begin");
        assertRefused(page(BEGIN + "/callback?error=%3Cb%3E", cookie), 400, "did not begin");
        assertThat(setCookie(page(back, cookie), "dejavu-session")).isNotEmpty();
        assertRefused(page(back, cookie), 400, "signed nobody in");
    }

    @ParameterizedTest
    @CsvSource({ "access_denied, access_denied", "login_required, signed nobody in", "server_error, signed nobody in",
            "%3Cb%3E, signed nobody in" })
    void errorOfTheProvider_isTold(String error, String text) {
        provider.setError(error);
        HttpResponse<String> refused = signIn("/console");
        assertRefused(refused, 400, text);
        assertThat(refused.body()).doesNotContain("<b>");
    }

    @Test
    void stateIsSentBackWithoutACode_isAnError() {
        HttpResponse<String> begun = page(BEGIN, "");
        assertRefused(page(agree(begun).replaceFirst("code=[^&]*&", ""), value(setCookie(begun, "dejavu-sign-in"))),
                400, "signed nobody in");
    }

    @ParameterizedTest
    @ValueSource(strings = { "nonce", "audience", "issuer", "key", "expiry", "nonsense", "lifetime" })
    void idToken_thatIsWrongSignsNobodyIn(String what) {
        Map<String, Object> person = Map.of("sub", "1000", "groups", "platform");
        switch (what) {
            case "nonce" -> provider.setClaims((claims) -> with(claims, "nonce", "another"));
            case "audience" -> provider.setIdToken(provider.issuer().token("dejavu", person));
            case "issuer" ->
                provider.setIdToken(provider.issuer().fromIssuer("https://example.com", LoginProvider.CLIENT, person));
            case "key" -> provider.setIdToken(provider.issuer().forged(LoginProvider.CLIENT, person));
            case "expiry" -> provider.setIdToken(provider.issuer().expired(LoginProvider.CLIENT, person));
            case "lifetime" ->
                provider.setIdToken(provider.issuer().token(LoginProvider.CLIENT, person, Duration.ofDays(2)));
            default -> provider.setIdToken("a.b.c");
        }
        assertRefused(signIn("/console"), 400, "signed nobody in");
    }

    @Test
    void clocksMayDifferByHalfAMinute() {
        provider.setClaims((claims) -> {
            Map<String, Object> early = with(claims, "nbf", Instant.now().plusSeconds(30).getEpochSecond());
            return with(early, "iat", Instant.now().plusSeconds(30).getEpochSecond());
        });
        assertThat(signIn("/console").statusCode()).isEqualTo(200);
    }

    @Test
    void personWithoutARule_isToldSo() {
        provider.setPerson(Map.of("sub", "2000", "email", "eve@example.org", "groups", List.of("engineers")));
        assertRefused(signIn("/console"), 403, "signed you in as eve@example.org, but no rule");
    }

    @Test
    void idTokenTooLargeForACookie_isToldAndNothingIsHalfDone() {
        String groups = "g".repeat(2000);
        provider.setPerson(Map.of("sub", "1000", "groups", List.of("platform", groups)));
        HttpResponse<String> fits = signIn("/console");
        assertThat(page("/console", value(setCookie(fits, "dejavu-session"))).statusCode()).isEqualTo(200);
        provider.setPerson(Map.of("sub", "1000", "groups", List.of("platform", groups, groups)));
        assertRefused(signIn("/console"), 403, "too large for a cookie");
    }

    @Test
    void providerThatDoesNotAnswer_isToldAndHarmsNothingElse() {
        HttpResponse<String> begun = page(BEGIN, "");
        provider.hang();
        Instant before = Instant.now();
        assertRefused(page(agree(begun), value(setCookie(begun, "dejavu-sign-in"))), 503, "does not answer");
        assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(15));
        assertThat(http.get("/actuator/health").statusCode()).isEqualTo(200);
        assertThat(page("/console/sign-in", "").statusCode()).isEqualTo(200);
    }

    @Test
    void endedSession_leadsToASignInThatSaysSo() {
        String expired = provider.issuer().expired(LoginProvider.CLIENT, Map.of("sub", "1000", "groups", "platform"));
        HttpResponse<String> ended = page("/console/tokens", "dejavu-session=" + expired);
        assertThat(ended.statusCode()).isEqualTo(303);
        assertThat(header(ended, "Location")).isEqualTo("/console/sign-in?from=%2Fconsole%2Ftokens&ended");
        assertThat(setCookie(ended, "dejavu-session")).contains("Max-Age=0");
        assertThat(page(header(ended, "Location"), "").body()).contains("Your session has ended",
                "Sign in with localhost", BEGIN + "?from=/console/tokens");
        HttpResponse<String> part = http.get("/console/tokens", "Cookie", "dejavu-session=" + expired, "HX-Request",
                "true");
        assertThat(header(part, "HX-Redirect")).isEqualTo("/console/sign-in?ended");
        assertThat(page("/console/sign-in", "").body()).doesNotContain("has ended");
    }

    @Test
    void tokensOfTheSameIssuerForTheApi_haveTheirOwnRules() {
        String job = provider.issuer().token("dejavu", Map.of("sub", "job", "repository", "acme/my-app"));
        assertThat(http.as(job).get("/identity").body()).contains("\"role\":\"write\"");
        String person = provider.issuer()
            .token(LoginProvider.CLIENT, Map.of("sub", "1000", "repository", "acme/my-app", "groups", "platform"));
        assertThat(http.as(person).get("/identity").body()).contains("\"role\":\"admin\"");
    }

    private HttpResponse<String> signIn(String from) {
        HttpResponse<String> begun = page(BEGIN + "?from=" + URLEncoder.encode(from, StandardCharsets.UTF_8), "");
        return page(agree(begun), value(setCookie(begun, "dejavu-sign-in")));
    }

    /** Where the provider leads a browser that a sign-in led to it. */
    private String agree(HttpResponse<String> begun) {
        try {
            HttpResponse<String> answer = browser.send(
                    HttpRequest.newBuilder(LoginProvider.agreed(header(begun, "Location"))).build(),
                    BodyHandlers.ofString());
            URI back = URI.create(header(answer, "Location"));
            assertThat(back.getPort()).isEqualTo(http.port());
            return back.getRawPath() + "?" + back.getRawQuery();
        }
        catch (IOException | InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private HttpResponse<String> page(String path, String cookie) {
        List<String> headers = new ArrayList<>(List.of("Accept", "text/html"));
        if (!cookie.isEmpty()) {
            headers.addAll(List.of("Cookie", cookie));
        }
        return http.send("GET", path, null, headers.toArray(String[]::new));
    }

    private static void assertRefused(HttpResponse<String> page, int status, String text) {
        assertThat(page.statusCode()).as(page.body()).isEqualTo(status);
        assertThat(page.body()).contains("role=\"alert\"", text, "Sign in with localhost");
        assertThat(page.headers().allValues("Set-Cookie")).noneMatch((cookie) -> cookie.startsWith("dejavu-session="));
    }

    private static String setCookie(HttpResponse<String> response, String name) {
        return response.headers()
            .allValues("Set-Cookie")
            .stream()
            .filter((cookie) -> cookie.startsWith(name + "="))
            .findFirst()
            .orElseThrow(() -> new AssertionError(response.body()));
    }

    private static String value(String cookie) {
        return cookie.substring(0, cookie.indexOf(';'));
    }

    private static Map<String, Object> with(Map<String, Object> claims, String name, Object value) {
        Map<String, Object> all = new HashMap<>(claims);
        all.put(name, value);
        return all;
    }

}
