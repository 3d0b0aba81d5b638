package dev.dejavu.webhook;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.DejavuApplication;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.ImageForm;
import dev.dejavu.testing.Notifications;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.RegistryFaults;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.RequiresRegistry;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Images come and go at random in a real registry that sends events, while its responses
 * fail, hang and lie, it restarts, and old events arrive again. A second after an event
 * was accepted, every instance must act on it.
 */
@RequiresRegistry
class EventChaosTests {

    private static final int LOOKUPS = 5000;

    private static final int IMAGES = 20;

    private static final String NAME = "team/app";

    private static final String SECRET = "sixteen or longer";

    private static final Duration MAX_STALENESS = Duration.ofSeconds(1);

    private final Notifications notifications = new Notifications();

    private final RegistryProcess registry = RegistryProcess.start(notifications.uri());

    private final RegistryProxy proxy = new RegistryProxy(registry.uri());

    private final List<RegistryProxy.Fault> faults = new ArrayList<>(RegistryFaults.all(proxy));

    private final List<ConfigurableApplicationContext> services = new ArrayList<>();

    private final List<Image> images = new ArrayList<>();

    private int hits;

    private int absences;

    private int misses;

    private static void hang(Object exchange) {
        try {
            Thread.sleep(Duration.ofMillis(400));
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private Http service(String url, Path folder) throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), RegistryFaults.dockerConfig(proxy.host()));
        ConfigurableApplicationContext service = SpringApplication.run(DejavuApplication.class, "--server.port=0",
                "--spring.datasource.url=" + url, "--dejavu.accept-local=true",
                "--dejavu.registry.allowed=" + proxy.host(), "--dejavu.registry.plain-http=" + proxy.host(),
                "--dejavu.registry.timeout=300ms", "--dejavu.registry.docker-config=" + config,
                "--dejavu.verification.new-entry-grace=0s", "--dejavu.verification.checks-per-second=1000",
                "--dejavu.rate-limit.resolves-per-second=0", "--dejavu.rate-limit.writes-per-second=0",
                "--dejavu.webhooks.w.format=distribution", "--dejavu.webhooks.w.registry=" + proxy.host(),
                "--dejavu.webhooks.w.secret=" + SECRET);
        services.add(service);
        return Http.of(service);
    }

    @AfterEach
    void stop() {
        notifications.drop();
        services.forEach(ConfigurableApplicationContext::close);
        proxy.close();
        registry.close();
    }

    @Test
    void noResponseIsWrongOnSqlite(@TempDir Path folder) throws IOException {
        run(List.of(service("jdbc:sqlite:" + folder.resolve("cache.db"), folder)));
    }

    @Test
    void noResponseIsWrongOnTwoInstancesOnPostgres(@TempDir Path folder) throws IOException {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        run(List.of(service(url, folder), service(url, folder)));
    }

    private void run(List<Http> instances) throws IOException {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        RandomGenerator random = new Random(seed);
        faults.add(EventChaosTests::hang);
        for (int i = 0; i < IMAGES; i++) {
            images.add(new Image("v" + i, ImageForm.of(i)));
        }
        int lookups = 0;
        for (int step = 0; lookups < LOOKUPS; step++) {
            Image image = images.get(random.nextInt(IMAGES));
            Http http = instances.get(random.nextInt(instances.size()));
            int roll = random.nextInt(1000);
            if (roll < 950) {
                lookups++;
                long requested = System.nanoTime();
                HttpResponse<String> response = (roll < 150) ? http.post("/images/resolve", resolveRequest(image))
                        : http.get(path(image));
                assertCorrect(image, requested, response, "seed " + seed + ", step " + step + ", " + image.tag + ": ");
            }
            else if (roll < 962) {
                notifications.forwardTo(http, "/webhooks/w", SECRET);
                change(image, random);
            }
            else if (roll < 980) {
                put(http, image);
            }
            else if (roll < 985) {
                notifications.replay(random);
            }
            else if (roll < 986) {
                registry.restart();
            }
            else if (roll < 988) {
                proxy.closeConnections();
            }
            else if (roll < 995) {
                proxy.mend();
            }
            else {
                proxy.fault(faults.get(random.nextInt(faults.size())));
            }
        }
        System.out.println("hits " + hits + ", absences " + absences + ", misses " + misses);
        // The run covered every outcome.
        assertThat(List.of(hits, absences, misses)).as("seed " + seed).allMatch((count) -> count > 20);
    }

    private void change(Image image, RandomGenerator random) {
        String digest = image.digest;
        if (digest == null || random.nextInt(4) == 0) {
            push(image, (digest == null || random.nextBoolean()) ? "linux/amd64" : "linux/arm64");
        }
        else {
            String deleted = (image.below.isEmpty() || random.nextBoolean()) ? digest
                    : image.below.get(random.nextInt(image.below.size()));
            registry.delete(NAME, deleted);
            await().until(() -> notifications.accepted(deleted, "\"delete\""));
            image.digest = deleted.equals(digest) ? null : digest;
            image.below = List.of();
            image.changed(false);
        }
    }

    private void push(Image image, String platform) {
        List<String> digests = image.form.push(registry, NAME, image.tag, platform);
        String pushed = digests.getFirst();
        image.digest = pushed;
        image.below = digests.subList(1, digests.size());
        await().until(() -> notifications.accepted(pushed, "\"push\"", "\"" + image.tag + "\""));
        image.changed(platform.equals("linux/amd64"));
    }

    private void put(Http http, Image image) {
        if (image.isPresent) {
            String body = resolveRequest(image).replaceFirst("\\{",
                    "{\"image_uri\":\"" + uri() + ":" + image.tag + "\",");
            assertThat(http.put(path(image), body).statusCode()).isBetween(200, 201);
        }
    }

    private void assertCorrect(Image image, long requested, HttpResponse<String> response, String context) {
        boolean settled = requested - image.since > MAX_STALENESS.toNanos();
        if (response.statusCode() == 200) {
            assertThat(image.isPresent || !settled).as(context + response.body()).isTrue();
            hits++;
        }
        else {
            assertThat(response.statusCode()).as(context + response.body()).isEqualTo(404);
            boolean isAbsent = json(response).path("title").asString().equals("Absent");
            assertThat(!isAbsent || !image.isPresent || !settled).as(context + response.body()).isTrue();
            absences += isAbsent ? 1 : 0;
            misses += isAbsent ? 0 : 1;
        }
    }

    private String uri() {
        return proxy.host() + "/" + NAME;
    }

    private String resolveRequest(Image image) {
        return "{\"scope\":\"s\",\"repository\":\"%s\",\"tag\":\"%s\",\"platforms\":[\"linux/amd64\"]}".formatted(uri(),
                image.tag);
    }

    private String path(Image image) {
        return "/images/" + CacheKey.hashOf("s:" + uri() + ":" + image.tag + ":linux/amd64");
    }

    /**
     * An image of the run, and its true state.
     */
    private static final class Image {

        private final String tag;

        private final ImageForm form;

        /** The digest of its tag; {@code null} while the registry does not have it. */
        private @Nullable String digest;

        /** Digests that lead from there to the platform. */
        private List<String> below = List.of();

        /** Whether the registry has it for linux/amd64. */
        private boolean isPresent;

        /** When the service had accepted the event of its last change. */
        private long since = System.nanoTime();

        Image(String tag, ImageForm form) {
            this.tag = tag;
            this.form = form;
        }

        void changed(boolean present) {
            this.isPresent = present;
            this.since = System.nanoTime();
        }

    }

}
