package dev.dejavu.registry;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.registry.ImageStatus.Outcome;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A registry whose body does not end is cut off long before the check's time is over.
 */
class OversizedBodyTests {

    private static final String TIMEOUT = "30s";

    @ParameterizedTest
    @ValueSource(strings = { "Transfer-Encoding: chunked", "Content-Length: 1000000000000", "Connection: close" })
    void bodyWithoutAnEndIsCutOff(String framing) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Long> sent = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> sent.complete(serve(server, framing)));
            String host = "127.0.0.1:" + server.getLocalPort();
            try (RegistryClient registries = RegistrySettings.client(List.of(host), "timeout", TIMEOUT)) {
                ImageStatus status = registries.check(host + "/team/endless:v1", List.of());
                assertThat(status.outcome()).isEqualTo(Outcome.UNKNOWN);
                assertThat(status.detail()).contains("More than");
                // the connection is closed, while the client lives
                assertThat(sent.get(10, TimeUnit.SECONDS)).isLessThan(64L << 20);
            }
        }
    }

    @Test
    void bodyOfTheLargestSizeIsRead() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> serveLargest(server));
            String host = "127.0.0.1:" + server.getLocalPort();
            try (RegistryClient registries = RegistrySettings.client(List.of(host), "timeout", TIMEOUT)) {
                assertThat(registries.check(host + "/team/large:v1", List.of()).outcome()).isEqualTo(Outcome.PRESENT);
            }
        }
    }

    /** Responds to a HEAD without a digest, and to GET without an end. */
    private static long serve(ServerSocket server, String framing) {
        long sent = 0;
        try (Socket socket = server.accept()) {
            readRequest(socket);
            OutputStream out = socket.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(US_ASCII));
            readRequest(socket);
            out.write(("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n").getBytes(US_ASCII));
            byte[] chunk = ("1000\r\n" + " ".repeat(0x1000) + "\r\n").getBytes(US_ASCII);
            while (true) {
                out.write(chunk);
                sent += chunk.length;
            }
        }
        catch (IOException ex) {
            return sent;
        }
    }

    private static void serveLargest(ServerSocket server) {
        try (Socket socket = server.accept()) {
            readRequest(socket);
            OutputStream out = socket.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(US_ASCII));
            String manifest = "{\"schemaVersion\":2,\"manifests\":[]}";
            for (int i = 0; i < 2; i++) {
                readRequest(socket);
                out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + (4 << 20) + "\r\n\r\n" + manifest
                        + " ".repeat((4 << 20) - manifest.length()))
                    .getBytes(US_ASCII));
            }
        }
        catch (IOException ex) {
            // the client is gone
        }
    }

    private static void readRequest(Socket socket) throws IOException {
        int newlines = 0;
        while (newlines < 2) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new IOException("closed");
            }
            newlines = (next == '\n') ? newlines + 1 : (next == '\r') ? newlines : 0;
        }
    }

}
