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
        String manifest = "{\"schemaVersion\":2,\"manifests\":[]}";
        ImageStatus status = check("200 OK", manifest + " ".repeat((4 << 20) - manifest.length()));
        assertThat(status.outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void documentOfNothingButBracketsIsNotRead() throws Exception {
        String start = "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":[[]";
        ImageStatus status = check("200 OK", start + ",[]".repeat(((4 << 20) - start.length() - 2) / 3) + "]}");
        assertThat(status.outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void errorWithoutAnEndIsStillAnError() throws Exception {
        ImageStatus status = check("500 Internal Server Error", "x".repeat(4 << 20));
        assertThat(status.outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(status.reason()).isEqualTo(ImageStatus.Reason.REGISTRY_FAILED);
    }

    /** Checks an image whose registry responds to HEAD without a digest. */
    private static ImageStatus check(String status, String body) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> serve(server, status, body));
            String host = "127.0.0.1:" + server.getLocalPort();
            try (RegistryClient registries = RegistrySettings.client(List.of(host), "timeout", TIMEOUT)) {
                return registries.check(host + "/team/large:v1", List.of());
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

    private static void serve(ServerSocket server, String status, String body) {
        try (Socket socket = server.accept()) {
            readRequest(socket);
            OutputStream out = socket.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(US_ASCII));
            for (int i = 0; i < 2; i++) {
                readRequest(socket);
                out.write(("HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
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
