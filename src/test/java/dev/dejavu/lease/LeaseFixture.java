package dev.dejavu.lease;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Starts services whose callers build images.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LeaseFixture {

    static final String ADMIN = "an-administrator-of-the-tests";

    final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    @TempDir
    private static Path folder;

    @AfterAll
    void stop() {
        services.forEach(ConfigurableApplicationContext::close);
        callers.shutdownNow();
    }

    String newDatabase(boolean isPostgresql) {
        return isPostgresql ? Postgres.url(Postgres.port(), Postgres.newDatabase())
                : "jdbc:sqlite:" + folder.resolve("cache" + Keys.next().hex().substring(0, 10) + ".db");
    }

    /** Starts a service; its client is an administrator. */
    Http start(String url, String... settings) {
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class,
                Stream.concat(Stream.of("--server.port=0", "--dejavu.registry.allowed=", "--dejavu.access.mode=tokens",
                        "--dejavu.admin-token=" + ADMIN, "--dejavu.rate-limit.writes-per-second=0",
                        "--spring.datasource.url=" + url), Stream.of(settings))
                    .toArray(String[]::new));
        services.add(service);
        return Http.of(service).as(ADMIN);
    }

    /** The same service for a caller with a token of its own. */
    static Http withToken(Http admin, String role, String members) {
        String name = "t" + Keys.next().hex().substring(0, 20);
        HttpResponse<String> token = admin.post("/tokens",
                "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"" + members + "}");
        return new Http(admin.port()).as(json(token).path("secret").asString());
    }

    static HttpResponse<String> take(Http http, Sample image) {
        return http.post(image.path() + "/lease", image.body());
    }

    static HttpResponse<String> take(Http http, Sample image, int wait) {
        return http.post(image.path() + "/lease?wait=" + wait, image.body());
    }

    /** The token of a lease that the caller must get. */
    static String taken(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        return json(answer).path("lease").asString();
    }

    static HttpResponse<String> renew(Http http, Sample image, String token) {
        return http.send("POST", image.path() + "/lease/" + token + "/renew", null);
    }

    static HttpResponse<String> giveBack(Http http, Sample image, String token) {
        return http.delete(image.path() + "/lease/" + token);
    }

    static void put(Http http, Sample image, String... headers) {
        HttpResponse<String> answer = http.send("PUT", image.path(), BodyPublishers.ofString(image.body()),
                Stream.concat(Stream.of("Content-Type", "application/json"), Stream.of(headers))
                    .toArray(String[]::new));
        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 201);
    }

    /** An answer, and when it came. */
    record Answered(HttpResponse<String> response, Instant at) {

        int status() {
            return response.statusCode();
        }

    }

    CompletableFuture<Answered> async(Supplier<HttpResponse<String>> call) {
        return CompletableFuture.supplyAsync(() -> new Answered(call.get(), Instant.now()), callers);
    }

    /**
     * Requests that wait for a lease, one after the other through the services in turn.
     */
    List<CompletableFuture<Answered>> wait(int count, Sample image, int seconds, Http... through) {
        List<CompletableFuture<Answered>> waiters = new ArrayList<>();
        long before = waiting();
        for (int i = 0; i < count; i++) {
            Http http = through[i % through.length];
            waiters.add(async(() -> take(http, image, seconds)));
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> waiting() - before == count);
        return waiters;
    }

    /** How many requests wait in all services that run. */
    long waiting() {
        return services.stream()
            .filter(ConfigurableApplicationContext::isActive)
            .mapToLong((service) -> service.getBean(WaitingRooms.class).waiting())
            .sum();
    }

    static Answered get(CompletableFuture<Answered> answer) {
        try {
            return answer.get(60, TimeUnit.SECONDS);
        }
        catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }

    static List<Answered> all(List<CompletableFuture<Answered>> answers) {
        return answers.stream().map(LeaseFixture::get).toList();
    }

}
