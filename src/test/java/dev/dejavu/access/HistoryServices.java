package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.Prunable;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The instances on one database through which histories go, with their clock, a registry
 * and an issuer.
 */
final class HistoryServices implements AutoCloseable {

    static final String ADMIN = "an-administrator-of-the-tests";

    static final String WEBHOOK_SECRET = "a secret of the webhook";

    final SettableClock clock = new SettableClock();

    final LoopbackRegistry registry = new LoopbackRegistry();

    private final Issuer issuer = new Issuer();

    private final List<String> settings;

    private final List<ConfigurableApplicationContext> instances = new ArrayList<>();

    private final List<HistoryActor> tokens = new ArrayList<>();

    private int histories;

    private List<HistoryActor> actors = List.of();

    HistoryServices(int size, String... database) {
        String rule = "--dejavu.access.oidc[0].rules";
        this.settings = Stream.concat(Stream.of(database), Stream.of("--server.port=0",
                "--logging.level.dev.dejavu=error", "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.access.anonymous-read=true", "--dejavu.accept-local=true",
                "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                rule + "[0].role=write", rule + "[0].claims=ref=refs/heads/main,ref_protected=true",
                rule + "[1].role=write", rule + "[1].claims=event_name=pull_request",
                rule + "[1].overlay={repository}/{ref}", rule + "[2].role=write", rule + "[2].claims=event_name=fork",
                rule + "[2].overlay=fork/{repository}/{ref}", rule + "[3].role=read",
                rule + "[3].claims=event_name=fork_read", rule + "[3].overlay=fork/{repository}/{ref}",
                "--dejavu.registry.allowed=" + registry.host(), "--dejavu.registry.plain-http=" + registry.host(),
                "--dejavu.registry.timeout=60s", "--dejavu.verification.checks-per-second=1000",
                "--dejavu.rate-limit.writes-per-second=0", "--dejavu.rate-limit.resolves-per-second=0",
                "--dejavu.webhooks.real.format=distribution", "--dejavu.webhooks.real.registry=" + registry.host(),
                "--dejavu.webhooks.real.secret=" + WEBHOOK_SECRET))
            .toList();
        for (int i = 0; i < size; i++) {
            instances.add(start());
        }
        tokens.add(new HistoryActor("admin", Role.ADMIN, "", ADMIN));
        tokens.add(createToken("developer", Role.WRITE, ""));
        tokens.add(createToken("reader", Role.READ, ""));
        tokens.add(createToken("small-admin", Role.ADMIN, "team/small"));
        tokens.add(new HistoryActor("anonymous", null, "", null));
    }

    private ConfigurableApplicationContext start() {
        return new SpringApplicationBuilder(DejavuApplication.class)
            .initializers((context) -> ((GenericApplicationContext) context).registerBean("settableClock",
                    SettableClock.class, () -> clock, (bean) -> bean.setPrimary(true)))
            .run(settings.toArray(String[]::new));
    }

    private HistoryActor createToken(String name, Role role, String overlay) {
        HistoryActor admin = tokens.getFirst();
        String member = overlay.isEmpty() ? "" : ",\"overlay\":\"" + overlay + "\"";
        String secret = json(http(0).send("POST", "/tokens",
                BodyPublishers.ofString("{\"name\":\"" + name + "\",\"role\":\"" + role + "\"" + member + "}"),
                admin.headers()))
            .path("secret")
            .asString();
        HistoryActor actor = new HistoryActor(name, role, overlay, secret);
        for (int i = 0; i < size(); i++) {
            Http http = http(i);
            await().atMost(Duration.ofSeconds(60)).until(() -> http.get("/stats", actor.headers()).statusCode() == 200);
        }
        return actor;
    }

    /**
     * Everybody. Who signs in does so with a token of an hour, and signs in again, for
     * other overlays, after some histories.
     */
    List<HistoryActor> actors() {
        if (histories++ % 100 == 0) {
            actors = signedIn(histories);
        }
        return actors;
    }

    private List<HistoryActor> signedIn(int number) {
        List<HistoryActor> all = new ArrayList<>(tokens);
        all.add(signedIn("main", "push", Role.WRITE, "refs/heads/main", ""));
        for (int pull = 1; pull <= 2; pull++) {
            String ref = "refs/pull/" + number + "-" + pull + "/merge";
            all.add(signedIn("pull" + pull, "pull_request", Role.WRITE, ref, "acme/app/" + ref));
        }
        String ref = "refs/pull/" + number + "/merge";
        all.add(signedIn("fork", "fork", Role.WRITE, ref, "fork/acme/app/" + ref));
        all.add(signedIn("fork-reader", "fork_read", Role.READ, ref, "fork/acme/app/" + ref));
        return List.copyOf(all);
    }

    private HistoryActor signedIn(String subject, String event, Role role, String ref, String overlay) {
        String token = issuer.token("dejavu", Map.of("sub", subject, "event_name", event, "repository", "acme/app",
                "ref", ref, "ref_protected", "true"));
        return new HistoryActor(issuer.uri() + "#" + subject, role, overlay, token);
    }

    int size() {
        return instances.size();
    }

    Http http(int instance) {
        return Http.of(instances.get(instance));
    }

    /** Prunes as the schedule does. */
    void prune(int instance) {
        for (Prunable prunable : instances.get(instance).getBeansOfType(Prunable.class).values()) {
            prunable.pruneExpired(Long.MIN_VALUE, 1000);
        }
    }

    void restart(int instance) {
        instances.get(instance).close();
        instances.set(instance, start());
    }

    /** Leaves nothing to the next history. */
    void clear() {
        for (String collection : List.of("/images", "/bundles")) {
            await().atMost(Duration.ofSeconds(60))
                .until(() -> http(0).send("DELETE", collection, null, tokens.getFirst().headers()).statusCode() == 200);
        }
        registry.reset();
    }

    @Override
    public void close() {
        instances.forEach(ConfigurableApplicationContext::close);
        issuer.close();
        registry.close();
        LoggingSystem.get(getClass().getClassLoader()).setLogLevel("dev.dejavu", LogLevel.INFO);
        assertThat(instances).allMatch((instance) -> !instance.isActive());
    }

}
