package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.json;

/**
 * A service with access control by tokens and OpenID Connect.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + AccessHttpFixture.ADMIN,
        "dejavu.webhooks.ecr.format=ecr", "dejavu.webhooks.ecr.registry=registry.example.com",
        "dejavu.webhooks.ecr.secret=" + AccessHttpFixture.ADMIN })
abstract class AccessHttpFixture {

    static final String ADMIN = "an-administrator-of-the-tests";

    static final String AUDIENCE = "dejavu";

    static final Issuer issuer = new Issuer();

    /** The names of the tokens, by their secrets. */
    private final Map<String, String> names = new ConcurrentHashMap<>();

    @Autowired
    SettableClock clock = new SettableClock();

    Http http = new Http(0);

    @DynamicPropertySource
    static void oidc(DynamicPropertyRegistry settings) {
        settings.add("dejavu.access.oidc[0].issuer", issuer::uri);
        settings.add("dejavu.access.oidc[0].audience", () -> AUDIENCE);
        settings.add("dejavu.access.oidc[0].rules[0].role", () -> "write");
        settings.add("dejavu.access.oidc[0].rules[0].claims",
                () -> "repository=acme/my-app,ref=refs/heads/main,ref_protected=true,event_name=push");
        settings.add("dejavu.access.oidc[0].rules[1].role", () -> "read");
        settings.add("dejavu.access.oidc[0].rules[1].claims", () -> "repository=acme/*,event_name=pull_request");
        settings.add("dejavu.access.oidc[0].rules[2].role", () -> "admin");
        settings.add("dejavu.access.oidc[0].rules[2].claims", () -> "groups=platform");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    static String newName() {
        return "t" + Keys.next().hex().substring(0, 30);
    }

    HttpResponse<String> create(String body) {
        return post(ADMIN, "/tokens", body);
    }

    HttpResponse<String> post(String token, String path, String body) {
        return http.send("POST", path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                "Authorization", "Bearer " + token);
    }

    HttpResponse<String> put(String token, Sample entry) {
        return http.send("PUT", entry.path(), BodyPublishers.ofString(entry.body()), "Content-Type", "application/json",
                "Authorization", "Bearer " + token);
    }

    HttpResponse<String> invalidate(String token, Sample entry, String body) {
        return http.send("POST", entry.path() + "/invalidate", BodyPublishers.ofString(body), "Authorization",
                "Bearer " + token, "Content-Type", "application/json");
    }

    HttpResponse<String> as(String token, String method, String path) {
        return http.send(method, path, null, "Authorization", "Bearer " + token);
    }

    String name(String secret) {
        return names.getOrDefault(secret, "");
    }

    String token(String role) {
        return token(role, "");
    }

    /**
     * A new token.
     * @param members more of them, each after a comma
     */
    String token(String role, String members) {
        String name = newName();
        String secret = json(create("{\"name\":\"" + name + "\",\"role\":\"" + role + "\"" + members + "}"))
            .path("secret")
            .asString();
        names.put(secret, name);
        return secret;
    }

}
