package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A resolver that hangs as the JDK's does: it cannot be interrupted, and keeps the
 * carrier of a virtual thread.
 */
class TimedDnsResolverTests {

    private final CountDownLatch hangs = new CountDownLatch(1);

    private final List<Boolean> onVirtualThreads = new ArrayList<>();

    private TimedDnsResolver resolver = resolver(Duration.ofMinutes(5));

    private TimedDnsResolver resolver(Duration limit) {
        return new TimedDnsResolver(new SystemDefaultDnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                synchronized (onVirtualThreads) {
                    onVirtualThreads.add(Thread.currentThread().isVirtual());
                }
                if (host.startsWith("hangs")) {
                    hang();
                }
                if (host.startsWith("unknown")) {
                    throw new UnknownHostException(host);
                }
                return new InetAddress[] { InetAddress.ofLiteral("192.0.2.1") };
            }
        }, limit);
    }

    private void hang() {
        boolean waits = true;
        while (waits) {
            try {
                hangs.await();
                waits = false;
            }
            catch (InterruptedException ex) {
                // as a native call
            }
        }
    }

    @AfterEach
    void close() {
        hangs.countDown();
        resolver.close();
    }

    @Test
    void lookupsThatHangHoldNoOther() throws Exception {
        try (ExecutorService checks = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<InetAddress[]>> hanging = new ArrayList<>();
            for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
                String host = "hangs" + i + ".example.com";
                hanging.add(checks.submit(() -> resolver.resolve(host)));
            }
            Future<InetAddress[]> other = checks.submit(() -> resolver.resolve("other.example.com"));
            assertThat(other.get(30, TimeUnit.SECONDS)).hasSize(1);
            assertThat(hanging).noneMatch(Future::isDone);
            hanging.forEach((check) -> check.cancel(true));
        }
        synchronized (onVirtualThreads) {
            assertThat(onVirtualThreads).isNotEmpty().containsOnly(false);
        }
    }

    @Test
    void lookupThatHangsEndsInTime() {
        resolver.close();
        resolver = resolver(Duration.ofMillis(50));
        assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> resolver.resolve("hangs.example.com"))
            .withMessage("hangs.example.com: no answer within 50 ms");
    }

    @Test
    void moreThanThatManyAtOnceAreRefusedAndAddressesAreNoLookup() throws Exception {
        resolver.close();
        resolver = resolver(Duration.ofMillis(1));
        for (int i = 0; i < 32; i++) {
            String host = "hangs" + i + ".example.com";
            assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> resolver.resolve(host))
                .withMessageContaining("no answer");
        }
        assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> resolver.resolve("other.example.com"))
            .withMessageContaining("32 lookups");
        assertThat(resolver.resolve("192.0.2.7")).hasSize(1);
    }

    @Test
    void nameWithoutAddressIsUnknown() {
        assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> resolver.resolve("unknown.example.com"))
            .withMessage("unknown.example.com");
    }

}
