package dev.dejavu.lease;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Nginx;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

@Tag("nginx")
class LeaseBehindNginxTests extends LeaseFixture {

    private static final int WAIT = 5;

    @BeforeAll
    static void require() {
        Nginx.require();
    }

    /** Longer than a lookup may take there. */
    @Test
    void whoeverWaitsIsAnsweredByTheService(@TempDir Path folder) throws IOException {
        Http service = start(newDatabase(false));
        try (Nginx nginx = Nginx.start(folder, Collections.nCopies(3, service.port()))) {
            Http http = nginx.http().as(ADMIN);
            Sample image = Sample.image();
            taken(take(http, image));
            long begin = System.nanoTime();
            assertProblem(http.get(image.path() + "?wait=" + WAIT), 404, "miss");
            assertThat(take(http, image, WAIT).statusCode()).isEqualTo(202);
            assertThat(System.nanoTime() - begin).isGreaterThan(Duration.ofSeconds(2 * WAIT).toNanos());
        }
    }

}
