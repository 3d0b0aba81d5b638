package dev.dejavu.verification;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import dev.dejavu.testing.ImageForm;
import dev.dejavu.testing.RegistryFaults;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Images of all forms come and go at random in a real registry, behind a proxy that does
 * what the internet does, and are looked up meanwhile. Each response is compared with the
 * truth.
 */
class ChaosTests {

    private static final int LOOKUPS = 5000;

    private static final int IMAGES = 20;

    private static final Duration NEGATIVE_TTL = Duration.ofSeconds(30);

    abstract static class Contract extends VerificationFixture {

        private final List<RegistryProxy.Fault> faults = RegistryFaults.all(SharedRegistry.proxy);

        private final List<Image> images = new ArrayList<>();

        private int hits;

        private int staleHits;

        private int absences;

        private int misses;

        @DynamicPropertySource
        static void login(DynamicPropertyRegistry settings) throws IOException {
            Path config = Files.createTempFile("config", ".json");
            Files.writeString(config, RegistryFaults.dockerConfig(SharedRegistry.proxy.host()));
            settings.add("dejavu.registry.docker-config", () -> config);
        }

        @Test
        void noResponseIsWrong() {
            long seed = new Random().nextLong();
            System.out.println("seed " + seed);
            RandomGenerator random = new Random(seed);
            for (int i = 0; i < IMAGES; i++) {
                images.add(new Image("v" + i, ImageForm.of(i), clock.instant()));
            }
            int lookups = 0;
            for (int step = 0; lookups < LOOKUPS; step++) {
                Image image = images.get(random.nextInt(IMAGES));
                int roll = random.nextInt(100);
                if (roll < 80) {
                    lookups++;
                    boolean resolve = roll < 10;
                    HttpResponse<String> response = resolve ? http.post("/images/resolve", resolveRequest(image.tag))
                            : http.get(path(image.tag));
                    assertCorrect(image, response,
                            "seed " + seed + ", step " + step + ", " + image.tag + ": " + response.body());
                }
                else if (roll < 86) {
                    change(image, random.nextBoolean());
                }
                else if (roll < 92 && image.digest != null) {
                    put(image);
                }
                else if (roll < 96) {
                    // Checks in flight end at another time than they began.
                    clock.advance(Duration.ofSeconds(random.nextLong(FRESHNESS_LIFETIME.toSeconds() / 2)));
                }
                else if (roll < 97) {
                    proxy.closeConnections();
                }
                else if (random.nextInt(2) > 0) {
                    proxy.mend();
                }
                else {
                    proxy.fault(faults.get(random.nextInt(faults.size())));
                }
            }
            // The run covered every outcome.
            assertThat(List.of(hits, staleHits, absences, misses)).as("seed " + seed).allMatch((count) -> count > 20);
        }

        private void change(Image image, boolean moves) {
            if (image.digest == null || moves) {
                boolean wasPresent = image.digest != null;
                image.digest = image.form.push(registry, name, image.tag, "linux/amd64").getFirst();
                if (!wasPresent) {
                    image.since = clock.instant();
                }
            }
            else {
                registry.delete(name, image.digest);
                image.digest = null;
                image.since = clock.instant();
                image.known = false;
            }
        }

        private void put(Image image) {
            String body = resolveRequest(image.tag).replaceFirst("\\{",
                    "{\"image_uri\":\"" + uri(":" + image.tag) + "\",");
            assertThat(http.put(path(image.tag), body).statusCode()).isBetween(200, 201);
            image.known = true;
        }

        private void assertCorrect(Image image, HttpResponse<String> response, String context) {
            Duration since = Duration.between(image.since, clock.instant());
            if (response.statusCode() == 200) {
                boolean stale = json(response).has("stale");
                assertThat(image.digest != null || stale || since.compareTo(FRESHNESS_LIFETIME) <= 0)
                    .as("fresh " + since + " after its deletion: " + context)
                    .isTrue();
                image.known = image.digest != null;
                hits++;
                staleHits += stale ? 1 : 0;
            }
            else if (json(response).path("title").asString().equals("Absent")) {
                assertThat(image.digest == null || since.compareTo(NEGATIVE_TTL) <= 0)
                    .as("absent " + since + " after its push: " + context)
                    .isTrue();
                assertThat(image.known).as("absent, though it was stored and not deleted since: " + context).isFalse();
                absences++;
            }
            else {
                assertThat(response.statusCode()).as(context).isEqualTo(404);
                assertThat(image.known).as("a miss, though it was stored and not deleted since: " + context).isFalse();
                misses++;
            }
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

    /**
     * An image of the run, and its true state.
     */
    private static final class Image {

        private final String tag;

        private final ImageForm form;

        /** {@code null} while the registry does not have it. */
        private @Nullable String digest;

        /** When it was pushed or deleted. */
        private Instant since;

        /** Whether the registry has it and it was stored since its push. */
        private boolean known;

        Image(String tag, ImageForm form, Instant since) {
            this.tag = tag;
            this.form = form;
            this.since = since;
        }

    }

}
