package dev.dejavu.storage;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.Loopback;
import dev.dejavu.testing.Nginx;
import dev.dejavu.testing.PostgresServer;
import dev.dejavu.testing.ServiceProcess;
import dev.dejavu.testing.TcpProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Three instances behind nginx, on a PostgreSQL with a synchronous standby, while
 * everything fails in turn: servers, networks, instances. The property
 * {@code chaos.seconds} is how long.
 */
@Tag("nginx")
@Timeout(value = 3, unit = TimeUnit.HOURS)
class OutageChaosTests {

    private static final Duration DURATION = Duration.ofSeconds(Integer.getInteger("chaos.seconds", 20));

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final int INSTANCES = 3;

    private final Random random = new Random(1);

    private PostgresServer primary = PostgresServer.start();

    private PostgresServer standby;

    private final int first = primary.port();

    private final int second;

    /** For each instance one before each server. */
    private final List<List<TcpProxy>> networks = new ArrayList<>();

    private final List<ServiceProcess> instances = new ArrayList<>();

    private final List<Integer> ports = Stream.generate(Loopback::freePort).limit(INSTANCES).toList();

    private final Nginx nginx;

    private final ChaosClients clients;

    OutageChaosTests(@TempDir Path folder) throws Exception {
        nginx = Nginx.start(folder, ports);
        clients = new ChaosClients(nginx.http());
        standby = primary.startStandby();
        second = standby.port();
        primary.requireStandby();
    }

    @BeforeAll
    static void require() {
        Nginx.require();
    }

    @AfterEach
    void stop() throws Exception {
        clients.stop();
        nginx.close();
        instances.forEach(ServiceProcess::close);
        for (List<TcpProxy> network : networks) {
            for (TcpProxy proxy : network) {
                proxy.close();
            }
        }
        standby.close();
        primary.close();
    }

    @Test
    void nothingIsLostWrongLateOrGone() throws Exception {
        for (int instance = 0; instance < INSTANCES; instance++) {
            networks.add(List.of(new TcpProxy(first), new TcpProxy(second)));
            for (TcpProxy proxy : networks.getLast()) {
                proxy.mend();
            }
            instances.add(startInstance(instance));
        }
        for (ServiceProcess instance : instances) {
            instance.http();
        }
        clients.start();
        long end = System.nanoTime() + DURATION.toNanos();
        for (int round = 0; System.nanoTime() < end; round++) {
            clients.awaitProgress();
            fail(round % 7);
        }
        await().atMost(TIMEOUT).untilAsserted(clients::awaitProgress);
        clients.stop();
        System.out.println(clients.summary());
        assertThat(clients.faults().stream().limit(10)).isEmpty();
        assertThat(clients.lostWrites(primary)).isEmpty();
        await().atMost(TIMEOUT).until(() -> primary.query("select count(*) from bundle_cache").equals("0"));
    }

    private void fail(int kind) throws Exception {
        int instance = random.nextInt(INSTANCES);
        switch (kind) {
            case 0 -> failOver();
            case 1 -> {
                primary.freeze();
                pause(3);
                primary.thaw();
            }
            case 2 -> {
                for (TcpProxy proxy : networks.get(instance)) {
                    proxy.freeze(true);
                }
                pause(4);
                for (TcpProxy proxy : networks.get(instance)) {
                    proxy.freeze(false);
                }
            }
            case 3 -> {
                for (TcpProxy proxy : networks.get(instance)) {
                    proxy.cut();
                }
                pause(4);
                for (TcpProxy proxy : networks.get(instance)) {
                    proxy.mend();
                }
            }
            case 4 -> {
                standby.freeze();
                pause(3);
                standby.thaw();
            }
            case 5 -> {
                instances.get(instance).kill();
                restart(instance);
            }
            default -> {
                for (int each = 0; each < INSTANCES; each++) {
                    instances.get(each).terminate();
                    assertThat(instances.get(each).exitCode()).isIn(0, 143);
                    restart(each);
                }
            }
        }
    }

    /** The old primary does not come back: a new standby takes its place and port. */
    private void failOver() throws Exception {
        primary.kill();
        pause(1);
        standby.promote();
        clients.awaitWrites();
        int port = primary.port();
        primary.close();
        primary = standby;
        standby = primary.startStandby(port);
        primary.requireStandby();
    }

    private void restart(int instance) throws Exception {
        instances.set(instance, startInstance(instance));
        instances.get(instance).http();
    }

    private ServiceProcess startInstance(int instance) throws Exception {
        List<TcpProxy> network = networks.get(instance);
        return ServiceProcess.start(
                "spring.datasource.url=jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/postgres?user=postgres&targetServerType=primary"
                    .formatted(network.get(0).port(), network.get(1).port()),
                "server.port=" + ports.get(instance), "dejavu.access.mode=tokens",
                "dejavu.admin-token=" + ChaosClients.SECRET, "dejavu.pruning.interval=2s",
                "dejavu.bundle.ttl=" + ChaosClients.TTL.toSeconds() + "s",
                "dejavu.webhooks.retention.format=distribution", "dejavu.webhooks.retention.registry=ghcr.io",
                "dejavu.webhooks.retention.secret=" + ChaosClients.SECRET);
    }

    private static void pause(int seconds) throws InterruptedException {
        Thread.sleep(Duration.ofSeconds(seconds));
    }

}
