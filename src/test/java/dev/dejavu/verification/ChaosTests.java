package dev.dejavu.verification;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Images come and go at random in a real registry behind a proxy that does what the
 * internet does, while others look them up. Each answer is held to what is true.
 */
class ChaosTests {

    private static final int LOOKUPS = 5000;

    private static final int IMAGES = 20;

    private static final Duration BUDGET = Duration.ofHours(1);

    private static final Duration NEGATIVE = Duration.ofSeconds(30);

    private static final List<RegistryProxy.Fault> FAULTS = List.of(RegistryProxy.answer(429, "", "Retry-After", "1"),
            RegistryProxy.answer(500, "oops"), RegistryProxy.answer(503, ""),
            RegistryProxy.answer(403, "{\"errors\":[{\"code\":\"DENIED\"}]}"),
            RegistryProxy.answer(404, "<html>Not found</html>"), RegistryProxy.answer(200, "<html>Sign in</html>"),
            RegistryProxy.answer(200, "{\"config\":{\"digest\":\"sha256:0\"}}", "Docker-Content-Digest",
                    "sha256:" + "0".repeat(64)),
            (exchange) -> {
                // hangs up
            });

    abstract static class Contract extends VerificationTests.Common {

        private final List<Image> images = new ArrayList<>();

        private int yes;

        private int marked;

        private int absent;

        private int miss;

        @Test
        void noAnswerIsWrong() {
            long seed = new Random().nextLong();
            System.out.println("seed " + seed);
            RandomGenerator random = new Random(seed);
            for (int i = 0; i < IMAGES; i++) {
                images.add(new Image("v" + i, clock.instant()));
            }
            int lookups = 0;
            for (int step = 0; lookups < LOOKUPS; step++) {
                Image image = images.get(random.nextInt(IMAGES));
                int roll = random.nextInt(100);
                if (roll < 80) {
                    lookups++;
                    boolean resolve = roll < 10;
                    HttpResponse<String> answer = resolve ? http.post("/images/resolve", question(image.tag))
                            : http.get(path(image.tag));
                    check(image, answer, "seed " + seed + ", step " + step + ", " + image.tag + ": " + answer.body());
                }
                else if (roll < 86) {
                    change(image, random.nextBoolean());
                }
                else if (roll < 92 && image.digest != null) {
                    put(image);
                }
                else if (roll < 96) {
                    // Looks that are under way see another time than when they began.
                    clock.advance(Duration.ofSeconds(random.nextLong(BUDGET.toSeconds() / 2)));
                }
                else if (random.nextInt(3) > 0) {
                    proxy.mend();
                }
                else {
                    proxy.fault(FAULTS.get(random.nextInt(FAULTS.size())));
                }
            }
            // The run has met everything.
            assertThat(List.of(yes, marked, absent, miss)).as("seed " + seed).allMatch((count) -> count > 20);
        }

        private void change(Image image, boolean moves) {
            if (image.digest == null || moves) {
                boolean was = image.digest != null;
                image.digest = registry.push(name, image.tag, "linux/amd64");
                if (!was) {
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
            String body = question(image.tag).replaceFirst("\\{", "{\"image_uri\":\"" + uri(":" + image.tag) + "\",");
            assertThat(http.put(path(image.tag), body).statusCode()).isBetween(200, 201);
            image.known = true;
        }

        private void check(Image image, HttpResponse<String> answer, String seen) {
            Duration since = Duration.between(image.since, clock.instant());
            if (answer.statusCode() == 200) {
                boolean stale = json(answer).has("stale");
                assertThat(image.digest != null || stale || since.compareTo(BUDGET) <= 0)
                    .as("a plain yes, " + since + " after it went: " + seen)
                    .isTrue();
                image.known = image.digest != null;
                yes++;
                marked += stale ? 1 : 0;
            }
            else if (json(answer).path("title").asString().equals("Absent")) {
                assertThat(image.digest == null || since.compareTo(NEGATIVE) <= 0)
                    .as("absent, " + since + " after it came: " + seen)
                    .isTrue();
                assertThat(image.known).as("absent, though it was known and never went: " + seen).isFalse();
                absent++;
            }
            else {
                assertThat(answer.statusCode()).as(seen).isEqualTo(404);
                assertThat(image.known).as("a miss, though it was known and never went: " + seen).isFalse();
                miss++;
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
     * An image of the run, and what is true of it.
     */
    private static final class Image {

        private final String tag;

        /** Absent when the registry does not have it. */
        private @Nullable String digest;

        /** When it came or went. */
        private Instant since;

        /** Whether it is in the registry and was stored since it came. */
        private boolean known;

        Image(String tag, Instant since) {
            this.tag = tag;
            this.since = since;
        }

    }

}
