package dev.dejavu.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class AuthorizationsTests {

    private static final Authorizations.Key KEY = new Authorizations.Key("r.example.com/team/app", null);

    private final Authorizations authorizations = new Authorizations(Clock.systemUTC());

    /**
     * As an interrupted check ends: with its own exception, or with that of a token
     * server.
     */
    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void whoeverWaitsForACheckThatIsCancelledGetsATokenItself(boolean isWrapped) throws Exception {
        CountDownLatch asks = new CountDownLatch(1);
        Thread first = Thread.ofPlatform().start(() -> {
            try {
                authorizations.get(KEY, () -> hang(asks, isWrapped));
            }
            catch (IOException ex) {
                // as it was cancelled
            }
        });
        assertThat(asks.await(30, TimeUnit.SECONDS)).isTrue();
        FutureTask<String> second = new FutureTask<>(
                () -> authorizations.get(KEY, () -> new Authorization("Bearer t", Duration.ofMinutes(1))).value());
        Thread waits = Thread.ofPlatform().start(second);
        await().until(() -> waits.getState() == Thread.State.WAITING);
        first.interrupt();
        assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo("Bearer t");
    }

    private static Authorization hang(CountDownLatch asks, boolean isWrapped) throws IOException {
        asks.countDown();
        try {
            Thread.sleep(Duration.ofMinutes(5));
            throw new AssertionError("was not interrupted");
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw isWrapped ? new RegistryException(ImageStatus.Reason.TOKEN_SERVER_FAILED, "interrupted")
                    : new InterruptedIOException();
        }
    }

}
