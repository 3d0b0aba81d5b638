package dev.dejavu.registry;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.Sha256;
import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A registry that closes idle connections, as servers and load balancers do after a few
 * seconds: the request is sent once more, over a new connection.
 */
class IdleConnectionTests {

    private static final String MANIFEST = "{\"schemaVersion\":2,\"manifests\":[]}";

    private static final String DIGEST = "sha256:" + Sha256.hex(MANIFEST);

    private final ServerSocket server = listen();

    private final AtomicInteger connections = new AtomicInteger();

    private final AtomicInteger requests = new AtomicInteger();

    private final RegistryClient registries = RegistrySettings.client(List.of(host()), "timeout", "10s");

    /** Talks over a connection, which is closed at its end. */
    @FunctionalInterface
    private interface Talk {

        void over(Socket socket, int connection) throws IOException;

    }

    @AfterEach
    void close() throws IOException {
        registries.close();
        server.close();
    }

    @Test
    void connectionClosedWhileIdleIsReplaced() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        serve((socket, connection) -> {
            answer(socket);
            answer(socket);
            if (connection == 1) {
                socket.close();
                closed.countDown();
            }
        });
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(connections).hasValue(2);
    }

    @Test
    void connectionClosedInsteadOfAnAnswerIsReplacedOnce() {
        serve((socket, connection) -> {
            if (connection == 1) {
                answer(socket);
                answer(socket);
            }
            readRequest(socket);
        });
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check().reason()).isEqualTo(Reason.NO_CONNECTION);
        assertThat(connections).hasValue(2);
        assertThat(requests).hasValue(4);
    }

    @Test
    void allConnectionsOfThePoolMayBeClosed() throws Exception {
        int many = 5;
        CyclicBarrier together = new CyclicBarrier(many);
        serve((socket, connection) -> {
            if (connection == 1) {
                answer(socket);
                answer(socket);
            }
            if (connection <= many) {
                answer(socket, together);
                readRequest(socket);
            }
            else {
                answer(socket);
            }
        });
        check();
        List<Thread> checks = IntStream.range(0, many).mapToObj((i) -> Thread.ofVirtual().start(this::check)).toList();
        for (Thread each : checks) {
            each.join();
        }
        assertThat(connections).hasValue(many);
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(connections).hasValue(many + 1);
    }

    @Test
    void requestIsNotRepeatedAfterAPartOfAnAnswer() {
        serve((socket, connection) -> {
            answer(socket);
            answer(socket);
            readRequest(socket);
            socket.getOutputStream().write("HTTP/1.1 2".getBytes(US_ASCII));
        });
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check().outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(connections).hasValue(1);
    }

    @Test
    void newConnectionThatIsClosedIsNotReplaced() {
        serve((socket, connection) -> readRequest(socket));
        assertThat(check().reason()).isEqualTo(Reason.NO_CONNECTION);
        assertThat(connections).hasValue(1);
    }

    private ImageStatus check() {
        return registries.check(host() + "/team/one:v1", List.of());
    }

    private static ServerSocket listen() {
        try {
            return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private String host() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    private void serve(Talk talk) {
        Thread.ofVirtual().start(() -> {
            for (Socket accepted = accept(); accepted != null; accepted = accept()) {
                Socket socket = accepted;
                int connection = connections.incrementAndGet();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        talk.over(socket, connection);
                    }
                    catch (IOException ex) {
                        // the client is gone
                    }
                });
            }
        });
    }

    private @Nullable Socket accept() {
        try {
            return server.accept();
        }
        catch (IOException ex) {
            return null;
        }
    }

    private void answer(Socket socket) throws IOException {
        answer(socket, new CyclicBarrier(1));
    }

    /** Answers once the others have such a request, too. */
    private void answer(Socket socket, CyclicBarrier together) throws IOException {
        boolean head = readRequest(socket).startsWith("HEAD");
        await(together);
        String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + MANIFEST.length() + "\r\nDocker-Content-Digest: "
                + DIGEST + "\r\n\r\n" + (head ? "" : MANIFEST);
        socket.getOutputStream().write(answer.getBytes(US_ASCII));
    }

    private String readRequest(Socket socket) throws IOException {
        StringBuilder request = new StringBuilder();
        while (request.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new EOFException();
            }
            request.append((char) next);
        }
        requests.incrementAndGet();
        return request.toString();
    }

    private static void await(CyclicBarrier barrier) throws IOException {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        }
        catch (Exception ex) {
            throw new IOException(ex);
        }
    }

}
