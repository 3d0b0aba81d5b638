package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Starts services with access control, and stops them.
 */
abstract class AccessFixture {

    static final String ADMIN = "an-administrator-of-the-tests";

    final List<ConfigurableApplicationContext> services = new ArrayList<>();

    @TempDir
    Path home = Path.of("");

    @AfterEach
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
    }

    String sqliteUrl() {
        return "jdbc:sqlite:" + home.resolve("cache.db");
    }

    synchronized Http start(String... settings) {
        return startOn(sqliteUrl(), settings);
    }

    Http startOn(String url, String... settings) {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                Stream
                    .concat(Stream.of("--server.port=0", "--dejavu.registry.allowed=",
                            "--spring.datasource.url=" + url), Stream.of(settings))
                    .toArray(String[]::new));
        synchronized (services) {
            services.add(service);
        }
        return Http.of(service);
    }

    /** In mode tokens, with the administrator's token. */
    Http startWithTokens(String url, String... settings) {
        return startOn(url,
                Stream
                    .concat(Stream.of("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN),
                            Stream.of(settings))
                    .toArray(String[]::new));
    }

    static HttpResponse<String> createToken(Http http, String name, String role) {
        return send(http, ADMIN, "POST", "/tokens", "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}");
    }

    static String id(Http http, String name) {
        return id(http, ADMIN, name);
    }

    static String id(Http http, String token, String name) {
        return json(get(http, token, "/tokens")).path("tokens")
            .valueStream()
            .filter((listed) -> listed.path("name").asString().equals(name))
            .findFirst()
            .orElseThrow()
            .path("id")
            .asString();
    }

    static HttpResponse<String> get(Http http, String token, String path) {
        return http.get(path, "Authorization", "Bearer " + token);
    }

    static void put(Http http, String path) {
        assertThat(put(http, ADMIN, path, "ghcr.io/acme/a:v1").statusCode()).isEqualTo(201);
    }

    static HttpResponse<String> put(Http http, String token, String path, String imageUri) {
        return send(http, token, "PUT", path, "{\"image_uri\":\"" + imageUri + "\"}");
    }

    static HttpResponse<String> send(Http http, String token, String method, String path, String body) {
        return http.send(method, path, BodyPublishers.ofString(body), "Content-Type", "application/json",
                "Authorization", "Bearer " + token);
    }

}
