package dev.dejavu.storage;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

/**
 * A file system that is really full. Only root can mount one, and not in every container:
 * otherwise the tests are skipped, with one line on the console.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FullDiskTests {

    @TempDir
    private Path disk;

    private final CacheKey first = Keys.next();

    @BeforeEach
    void mount() throws InterruptedException {
        boolean isMounted = run("mount", "-t", "tmpfs", "-o", "size=24m", "none", disk.toString());
        if (!isMounted) {
            System.err.println("NOT TESTED on a full disk: this user or container may not mount a small one");
        }
        Assumptions.assumeTrue(isMounted);
    }

    @AfterEach
    void unmount() throws InterruptedException {
        run("umount", disk.toString());
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor() == 0;
        }
        catch (IOException ex) {
            return false;
        }
    }

    @Test
    void deletionsMakeRoomForWritesAgain() throws Exception {
        try (ServiceProcess service = start()) {
            Http http = service.http();
            assertThat(put(http, first, "keep")).isEqualTo(201);
            fill(http);
            assertOnlyWritesFail(service);
            assertThat(http.delete("/images?image_uri=ghcr.io/acme/keep:v1").body()).contains("\"removed\":1");
            assertThat(http.get("/images/" + first).statusCode()).isEqualTo(404);
            await().atMost(Duration.ofSeconds(60)).until(() -> http.delete("/images").statusCode() == 200);
            for (int i = 0; i < 100; i++) {
                assertThat(put(http, Keys.next(), "again")).isEqualTo(201);
            }
        }
    }

    @Test
    void diskThatAnotherProgramFillsNeedsNoRestart() throws Exception {
        try (ServiceProcess service = start()) {
            Http http = service.http();
            assertThat(put(http, first, "keep")).isEqualTo(201);
            fillBesides();
            fill(http);
            assertOnlyWritesFail(service);
            assertThat(http.delete("/images/" + first).statusCode()).isEqualTo(204);
            assertThat(http.get("/images/" + first).statusCode()).isEqualTo(404);
            Files.delete(disk.resolve("other"));
            await().atMost(Duration.ofSeconds(30)).until(() -> put(http, first, "keep") == 201);
            assertThat(http.get("/actuator/health/readiness").body()).doesNotContain("almost full");
            assertThat(service.output()).contains("The disk has room again");
        }
    }

    @Test
    void serviceStartsOnAFullDisk() throws Exception {
        try (ServiceProcess service = start()) {
            assertThat(put(service.http(), first, "keep")).isEqualTo(201);
            service.kill();
        }
        fillBesides();
        try (ServiceProcess service = start()) {
            Http http = service.http();
            fill(http);
            assertOnlyWritesFail(service);
            assertThat(http.delete("/images/" + first).statusCode()).isEqualTo(204);
        }
    }

    private ServiceProcess start() throws IOException {
        return ServiceProcess.start("dejavu.home=" + disk, "dejavu.near-cache.max-size=0B");
    }

    private void fill(Http http) throws IOException {
        long begin = System.nanoTime();
        int stored = 0;
        while (put(http, Keys.next(), "fill" + "l".repeat(200) + "/" + stored) == 201) {
            stored++;
        }
        System.out.printf("Full after %d PUTs in %d ms, %d KB free%n", stored, (System.nanoTime() - begin) / 1_000_000,
                Files.getFileStore(disk).getUsableSpace() / 1024);
    }

    private void fillBesides() throws IOException {
        try (OutputStream other = Files.newOutputStream(disk.resolve("other"))) {
            assertThatIOException().isThrownBy(() -> {
                while (true) {
                    other.write(new byte[4096]);
                }
            });
        }
        assertThat(Files.getFileStore(disk).getUsableSpace()).isZero();
    }

    private void assertOnlyWritesFail(ServiceProcess service) throws Exception {
        Http http = service.http();
        for (int i = 0; i < 20; i++) {
            // Some may still fit.
            put(http, Keys.next(), "x".repeat(200));
            assertThat(http.get("/images/" + first).statusCode()).isEqualTo(200);
            assertThat(http.get("/images/" + Keys.next()).statusCode()).isEqualTo(404);
        }
        fill(http);
        assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        assertThat(http.get("/actuator/health/readiness").body()).contains("\"status\":\"UP\"}")
            .contains("the disk is almost full");
        assertThat(service.output()).contains("The disk is almost full").doesNotContain("is damaged");
        assertThat(disk.resolve("cache.db.damage")).doesNotExist();
    }

    private static int put(Http http, CacheKey key, String name) {
        HttpResponse<String> response = http.put("/images/" + key,
                "{\"image_uri\":\"ghcr.io/acme/%s:v1\"}".formatted(name));
        if (response.statusCode() != 201) {
            assertProblem(response, 503, "storage-unavailable");
        }
        return response.statusCode();
    }

}
