package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class CredentialCacheTests extends CredentialHelperFixture {

    private static final String GIVES_NEW = gives("ada", "new");

    private static final String CRASH = "exit 3";

    @Test
    void helperIsAskedOnceForTheServerAsDockerNamesIt() throws IOException {
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        assertThat(login("r.example.com/other:v1")).isEqualTo("ada:old");
        assertThat(login("docker.io/team/app:v1")).isEqualTo("ada:old");
        assertThat(runs()).containsExactly("get r.example.com", "get https://index.docker.io/v1/");
    }

    @Test
    void helperIsAskedOnceForAllWhoWait() throws Exception {
        helperDoes("sleep 0.5; " + GIVES_OLD);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<String> login : threads.invokeAll(List.<Callable<String>>of(() -> login(IMAGE),
                    () -> login(IMAGE), () -> login(IMAGE), () -> login(IMAGE)))) {
                assertThat(login.get()).isEqualTo("ada:old");
            }
        }
        assertThat(runs()).hasSize(1);
    }

    @Test
    void tokenUserGivesAnIdentityToken() throws IOException {
        helperDoes(gives("<token>", "t"));
        assertThat(login(IMAGE)).isEqualTo("<token>:t!");
    }

    @Test
    void helperOfAllRegistriesMayHaveNone() throws IOException {
        write("{'credsStore':'own','auths':{'r.example.com':{}}}");
        helperDoes(HAS_NONE);
        assertThat(login("quay.io/team/app:v1")).isEqualTo(NONE);
        // logged in, says the file
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
    }

    @Test
    void helperIsAskedAgainWhenWhatItGaveWasRefused() throws IOException {
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        helperDoes(GIVES_NEW);
        refused("other");
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        refused("old");
        assertThat(login(IMAGE)).isEqualTo("ada:new");
        // once: then it takes a while until the next refusal counts
        refused("new");
        assertThat(login(IMAGE)).isEqualTo("ada:new");
        assertThat(runs()).hasSize(2);
        clock.advance(Duration.ofSeconds(10));
        refused("new");
        helperDoes(CRASH);
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
    }

    @Test
    void helperIsAskedAgainInTimeAndNobodyWaits() throws Exception {
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        helperDoes(GIVES_NEW);
        clock.advance(Duration.ofMinutes(9));
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        assertThat(runs()).hasSize(1);
        clock.advance(Duration.ofMinutes(1));
        awaitLogin("ada:new");
        assertThat(runs()).hasSize(2);
    }

    @Test
    void helperThatFailsLeavesItsLastCredentialsForAnHour(CapturedOutput output) throws Exception {
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        helperDoes(CRASH);
        clock.advance(Duration.ofMinutes(59));
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        clock.advance(Duration.ofMinutes(1));
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(output.getAll()).containsOnlyOnce("docker-credential-own for r.example.com: ended with exit code 3");
        helperDoes(GIVES_NEW);
        clock.advance(Duration.ofSeconds(10));
        assertThat(login(IMAGE)).isEqualTo("ada:new");
    }

    @Test
    void helperOfOneRegistryFailsWhenItHasNoLogin(CapturedOutput output) throws Exception {
        helperDoes(HAS_NONE);
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(output.getAll()).contains("docker-credential-own for r.example.com: says that it has no login");
    }

    @Test
    void helperOfAllRegistriesThatNoLongerHasALoginMakesNoStranger() throws Exception {
        write("{'credsStore':'own'}");
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        helperDoes(HAS_NONE);
        refused("old");
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        clock.advance(Duration.ofHours(2));
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(login("quay.io/team/app:v1")).isEqualTo(NONE);
        helperDoes(GIVES_NEW);
        clock.advance(Duration.ofSeconds(10));
        assertThat(login(IMAGE)).isEqualTo("ada:new");
    }

    @Test
    void helperOfAllRegistriesRunsForAFewMadeUpNamesAlone() throws Exception {
        write("{'credsStore':'own','credHelpers':{'named.example.com':'own'}}");
        helperDoes(GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        for (int i = 0; i < 100; i++) {
            login("r" + i + ".example.com/team/app:v1");
        }
        assertThat(runs()).hasSize(20);
        assertThat(login("r99.example.com/team/app:v1")).isEqualTo(UNAVAILABLE);
        // those that are known, or named in the file, go on
        assertThat(login("named.example.com/team/app:v1")).isEqualTo("ada:old");
        refused("old");
        helperDoes(GIVES_NEW);
        assertThat(login(IMAGE)).isEqualTo("ada:new");
        clock.advance(Duration.ofSeconds(10));
        assertThat(login("r99.example.com/team/app:v1")).isEqualTo("ada:new");
    }

    /** Looks until the helper that runs in the background has ended. */
    private void awaitLogin(String wanted) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!login(IMAGE).equals(wanted) && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertThat(login(IMAGE)).isEqualTo(wanted);
    }

    private void refused(String password) {
        credentials.refused(Objects.requireNonNull(ImageReference.parse(IMAGE)),
                new Credentials("ada", password, false));
    }

}
