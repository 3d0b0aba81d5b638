package dev.dejavu.storage;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The network delivers what the service sent to PostgreSQL after the service has given up
 * and answered 503: nothing of it may undo what is acknowledged later.
 */
class RefusedWriteTests {

    /** The 2 s of the contract, and the time the test itself needs. */
    private static final Duration MAX_DURATION = Duration.ofMillis(2500);

    private static final String ADMIN = "djv_administrator_of_this_test";

    private final String url = Postgres.url(Postgres.port(), Postgres.newDatabase());

    private final TcpProxy proxy;

    private final ConfigurableApplicationContext service;

    private final Http http;

    private final String path = "/images/" + Keys.next();

    RefusedWriteTests() throws IOException {
        this.proxy = new TcpProxy(Postgres.port());
        proxy.mend();
        // The proxy knows statements by their text, and the driver would name them later.
        this.service = SpringApplication.run(DejavuApplication.class, "--server.port=0", "--dejavu.registry.allowed=",
                "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN, "--spring.datasource.url="
                        + url.replace(":" + Postgres.port(), ":" + proxy.port()) + "&prepareThreshold=0");
        this.http = Http.of(service);
    }

    @BeforeEach
    void store() {
        await().atMost(Duration.ofSeconds(30)).until(() -> put("v1"), (status) -> status == 201);
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        service.close();
    }

    @RepeatedTest(3)
    void delayedDeletionTakesAwayNoLaterEntry() throws SQLException {
        requireNoLaterEntryIsTakenAwayByDeletionHeldAt("delete from");
    }

    @RepeatedTest(3)
    void delayedCommitOfADeletionTakesAwayNoLaterEntry() throws SQLException {
        requireNoLaterEntryIsTakenAwayByDeletionHeldAt("COMMIT");
    }

    private void requireNoLaterEntryIsTakenAwayByDeletionHeldAt(String statement) throws SQLException {
        proxy.holdAt(statement);
        assertRefused(() -> delete(path));
        assertThat(proxy.isHolding()).isTrue();
        await().atMost(Duration.ofSeconds(30)).until(() -> put("v2"), (status) -> status < 300);
        proxy.release();
        assertThat(stored()).isEqualTo("ghcr.io/acme/a:v2");
    }

    @RepeatedTest(3)
    void delayedPutReplacesNoLaterEntry() throws SQLException {
        proxy.holdAt("COMMIT");
        assertRefused(() -> put("v2"));
        assertThat(proxy.isHolding()).isTrue();
        await().atMost(Duration.ofSeconds(30)).until(() -> delete(path) == 204);
        await().atMost(Duration.ofSeconds(30)).until(() -> put("v3"), (status) -> status < 300);
        proxy.release();
        assertThat(stored()).isEqualTo("ghcr.io/acme/a:v3");
    }

    @RepeatedTest(3)
    void delayedRevocationIsNotCarriedOut() throws SQLException {
        String id = json(send("POST", "/tokens", "{\"name\":\"ada\",\"role\":\"read\"}")).path("id").asString();
        proxy.holdAt("update access_token");
        assertRefused(() -> delete("/tokens/" + id));
        assertThat(proxy.isHolding()).isTrue();
        proxy.release();
        assertThat(query("select count(*) from access_token where revoked_at is not null")).isEqualTo("0");
    }

    private int put(String tag) {
        return send("PUT", path, "{\"image_uri\":\"ghcr.io/acme/a:" + tag + "\"}").statusCode();
    }

    private int delete(String target) {
        return send("DELETE", target, "").statusCode();
    }

    private HttpResponse<String> send(String method, String target, String json) {
        return http.send(method, target, BodyPublishers.ofString(json), "Content-Type", "application/json",
                "Authorization", "Bearer " + ADMIN);
    }

    private static void assertRefused(Supplier<Integer> call) {
        Instant before = Instant.now();
        assertThat(call.get()).isEqualTo(503);
        assertThat(Duration.between(before, Instant.now())).isLessThan(MAX_DURATION);
    }

    private String stored() throws SQLException {
        return query("select image_uri from image_cache");
    }

    private String query(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "none";
        }
    }

}
