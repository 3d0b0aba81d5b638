package dev.dejavu.webhook;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The tokens of Google's Pub/Sub, from an issuer on loopback.
 */
@WithSqlite
class WebhookOidcTests extends WebhookFixture {

    private static final String AUDIENCE = "https://dejavu.example.com/webhooks/pubsub";

    private static final String EMAIL = "pubsub@acme.iam.gserviceaccount.com";

    private static final String DELETE = "{\"action\":\"DELETE\",\"tag\":\"us-docker.pkg.dev/acme/images/app:v1\"}";

    private static final Issuer issuer = new Issuer();

    private static final Issuer other = new Issuer();

    @DynamicPropertySource
    static void webhooks(DynamicPropertyRegistry registry) {
        for (String name : new String[] { "pubsub", "away" }) {
            registry.add("dejavu.webhooks." + name + ".format", () -> "gar");
            registry.add("dejavu.webhooks." + name + ".registry", () -> "us-docker.pkg.dev");
            registry.add("dejavu.webhooks." + name + ".oidc.audience", () -> AUDIENCE);
            registry.add("dejavu.webhooks." + name + ".oidc.email", () -> EMAIL);
        }
        registry.add("dejavu.webhooks.pubsub.oidc.issuer", issuer::uri);
        registry.add("dejavu.webhooks.away.oidc.issuer", other::uri);
    }

    @AfterAll
    static void close() {
        issuer.close();
        other.close();
    }

    private static Map<String, Object> claims(Object... changes) {
        Map<String, Object> claims = new HashMap<>(Map.of("azp", "1137", "sub", "1137", "email", EMAIL,
                "email_verified", true, "iat", System.currentTimeMillis() / 1000));
        for (int i = 0; i < changes.length; i += 2) {
            claims.put((String) changes[i], changes[i + 1]);
        }
        return claims;
    }

    private HttpResponse<String> sendWith(String token) {
        return send("pubsub", DELETE, "Authorization", "Bearer " + token);
    }

    @Test
    void tokenOfTheServiceAccount_isAccepted() {
        String deleted = stored("us-docker.pkg.dev/acme/images/app:v1");
        assertThat(sendWith(issuer.token(AUDIENCE, claims())).statusCode()).isEqualTo(204);
        assertThat(isPresent(deleted)).isFalse();
    }

    @Test
    void forgedToken_isRefused() {
        String present = stored("us-docker.pkg.dev/acme/images/app:v1");
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        String right = issuer.token(AUDIENCE, claims());
        String[] parts = right.split("\\.", -1);
        String none = base64.encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8)) + "." + parts[1]
                + ".";
        for (String token : new String[] { none, none + parts[2], parts[0] + "." + parts[1] + ".",
                issuer.token("https://dejavu.example.com/webhooks/other", claims()), issuer.expired(AUDIENCE, claims()),
                issuer.forged(AUDIENCE, claims()), other.token(AUDIENCE, claims()),
                other.fromIssuer(issuer.uri(), AUDIENCE, claims()),
                issuer.fromIssuer("https://accounts.google.com", AUDIENCE, claims()),
                issuer.token(AUDIENCE, claims("email", "pubsub@other.iam.gserviceaccount.com")),
                issuer.token(AUDIENCE, claims("email_verified", false)),
                issuer.token(AUDIENCE, claims("email_verified", "true")),
                issuer.token(AUDIENCE, claims("email", List.of(EMAIL))),
                issuer.token(AUDIENCE, claims(), Duration.ofDays(7)), "", "a.b.c", SECRET }) {
            assertProblem(sendWith(token), 401, "unauthenticated");
        }
        assertProblem(send("pubsub", DELETE, "Authorization", right), 401, "unauthenticated");
        assertProblem(send("pubsub", DELETE, "X-Token", "Bearer " + right), 401, "unauthenticated");
        assertProblem(send("pubsub?token=" + right, DELETE), 401, "unauthenticated");
        assertProblem(send("pubsub", DELETE), 401, "unauthenticated");
        assertThat(isPresent(present)).isTrue();
    }

    /** So that Pub/Sub sends it again, and nobody looks for a wrong account. */
    @Test
    void issuerThatIsAway_is503() {
        other.setUnavailable(true);
        HttpResponse<String> response = send("away", DELETE, "Authorization",
                "Bearer " + other.token(AUDIENCE, claims()));
        assertProblem(response, 503, "issuer-unavailable", "issuer");
        assertThat(header(response, "Retry-After")).isNotEmpty();
        assertProblem(send("away", DELETE, "Authorization", "Bearer none"), 401, "unauthenticated");
    }

    @Test
    void token_isCheckedBeforeTheBodyIsRead() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            socket.setSoTimeout(10_000);
            String forged = issuer.token(AUDIENCE, claims("email", "eve@acme.iam.gserviceaccount.com"));
            socket.getOutputStream()
                .write(("POST /webhooks/pubsub HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + forged
                        + "\r\nContent-Length: 1000000\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                .isEqualTo("HTTP/1.1 401");
        }
    }

}
