package dev.dejavu.console;

import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The console under a context path, behind a proxy on loopback that takes a prefix off
 * and speaks TLS.
 */
@WithSqlite
@TestPropertySource(properties = { "server.servlet.context-path=/team", "server.forward-headers-strategy=native",
        "dejavu.access.mode=tokens", "dejavu.admin-token=" + ConsoleProxyTests.ADMIN })
class ConsoleProxyTests {

    static final String ADMIN = "an-administrator-of-the-tests";

    private static final Pattern LINK = Pattern.compile("(?:href|src|action)=\"([^\"#]+)");

    @LocalServerPort
    private int port;

    @ParameterizedTest
    @CsvSource({ "'', ''", "/tools/dejavu, https" })
    void everythingStaysBelowThePathThatTheBrowserSees(String prefix, String protocol) {
        String root = prefix + "/team";
        boolean isSecure = protocol.equals("https");
        HttpResponse<String> form = send("GET", "/console/sign-in", "", "", prefix, protocol);
        String csrf = setCookie(form, "dejavu-csrf");
        assertThat(cookieParts(csrf)).contains("Path=" + root + "/console", "HttpOnly", "SameSite=Strict");
        assertThat(cookieParts(csrf).contains("Secure")).isEqualTo(isSecure);
        HttpResponse<String> signedIn = send("POST", "/console/sign-in",
                csrf(form) + "&token=" + ADMIN + "&from=%2Fconsole%2Ftokens", value(csrf), prefix, protocol);
        assertThat(signedIn.statusCode()).isEqualTo(303);
        assertThat(header(signedIn, "Location")).isEqualTo(root + "/console/tokens");
        String session = setCookie(signedIn, "dejavu-session");
        assertThat(cookieParts(session)).contains("Path=" + root + "/console", "HttpOnly", "SameSite=Strict");
        assertThat(cookieParts(session).contains("Secure")).isEqualTo(isSecure);
        for (String page : List.of("", "/images", "/bundles", "/explain", "/webhooks", "/tokens", "/none/such")) {
            String body = send("GET", "/console" + page, "", value(session), prefix, protocol).body();
            List<String> links = LINK.matcher(body).results().map((link) -> link.group(1)).toList();
            assertThat(links).as(page).hasSizeGreaterThan(5).allMatch((link) -> link.startsWith(root + "/"));
        }
        HttpResponse<String> made = send("POST", "/console/tokens", csrf(form) + "&role=read&name=p" + root.length(),
                value(csrf) + "; " + value(session), prefix, protocol);
        assertThat(made.statusCode()).isEqualTo(200);
        HttpResponse<String> out = send("POST", "/console/sign-out", csrf(form), value(csrf), prefix, protocol);
        assertThat(header(out, "Location")).isEqualTo(root + "/console/sign-in");
        assertThat(cookieParts(setCookie(out, "dejavu-session"))).contains("Path=" + root + "/console", "Max-Age=0");
    }

    @Test
    void strangersAndBrowsersAreLedToWhereTheProxyIs() {
        String root = "/tools/dejavu/team";
        assertThat(header(send("GET", "/", "", "", "/tools/dejavu", "https"), "Location")).isEqualTo(root + "/console");
        assertThat(header(send("GET", "/console/images", "", "", "/tools/dejavu", "https"), "Location"))
            .isEqualTo(root + "/console/sign-in?from=%2Fconsole%2Fimages");
    }

    private HttpResponse<String> send(String method, String path, String body, String cookies, String prefix,
            String protocol) {
        List<String> headers = new ArrayList<>(List.of("Accept", "text/html", "Content-Type",
                "application/x-www-form-urlencoded", "Cookie", cookies + "; other=1"));
        if (!prefix.isEmpty()) {
            headers.addAll(List.of("X-Forwarded-For", "203.0.113.7", "X-Forwarded-Prefix", prefix, "X-Forwarded-Proto",
                    protocol));
        }
        return new Http(port).send(method, "/team" + path, body.isEmpty() ? null : BodyPublishers.ofString(body),
                headers.toArray(String[]::new));
    }

    private static String csrf(HttpResponse<String> form) {
        return "_csrf="
                + URLEncoder.encode(form.body().replaceFirst("(?s).*name=\"_csrf\"[^>]*value=\"([^\"]+)\".*", "$1"),
                        StandardCharsets.UTF_8);
    }

    private static String setCookie(HttpResponse<String> response, String name) {
        return response.headers()
            .allValues("Set-Cookie")
            .stream()
            .filter((cookie) -> cookie.startsWith(name + "="))
            .findFirst()
            .orElseThrow();
    }

    private static String value(String cookie) {
        return cookie.substring(0, cookie.indexOf(';'));
    }

    private static List<String> cookieParts(String cookie) {
        return Arrays.asList(cookie.split("; "));
    }

}
