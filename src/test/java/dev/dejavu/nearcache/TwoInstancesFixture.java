package dev.dejavu.nearcache;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two instances on one PostgreSQL, one of them behind a proxy.
 */
abstract class TwoInstancesFixture {

    final List<ConfigurableApplicationContext> services = new ArrayList<>();

    final String database = Postgres.newDatabase();

    TcpProxy proxy;

    Http one = new Http(0);

    /** Reaches the database through the proxy only. */
    Http other = new Http(0);

    @BeforeEach
    void start() throws IOException {
        proxy = new TcpProxy(Postgres.port());
        proxy.mend();
        one = start(Postgres.port());
        other = start(proxy.port());
    }

    @AfterEach
    void stop() throws IOException {
        proxy.freeze(false);
        services.forEach(ConfigurableApplicationContext::close);
        proxy.close();
    }

    static void put(Http http, CacheKey key, int version) {
        assertThat(http.put(path(key), "{\"image_uri\":\"ghcr.io/acme/a:" + version + "\"}").statusCode()).isIn(200,
                201);
    }

    /** The number found; 0 for a miss. */
    static long version(Http http, CacheKey key) {
        return version(http.get(path(key)));
    }

    static long version(HttpResponse<String> response) {
        return (response.statusCode() == 200)
                ? Long.parseLong(json(response).path("image_uri").asString().replaceFirst(".*:", "")) : 0;
    }

    static String path(CacheKey key) {
        return "/images/" + key;
    }

    Http start(int port, String... settings) {
        List<String> arguments = new ArrayList<>(List.of("--server.port=0", "--dejavu.registry.allowed=",
                "--dejavu.rate-limit.writes-per-second=0", "--spring.datasource.url=" + Postgres.url(port, database)));
        arguments.addAll(List.of(settings));
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                arguments.toArray(String[]::new));
        services.add(service);
        return Http.of(service);
    }

}
