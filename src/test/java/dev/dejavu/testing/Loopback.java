package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;

/**
 * Servers of the tests, on this machine alone; not started.
 */
public final class Loopback {

    private Loopback() {
    }

    /**
     * A port that nobody listens on, and that no outgoing connection takes while its
     * owner is away: Linux gives those 32768 and above.
     */
    public static int freePort() {
        for (int attempt = 1;; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(10_000, 32_768);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            }
            catch (IOException ex) {
                if (attempt == 100) {
                    throw new UncheckedIOException(ex);
                }
            }
        }
    }

    /**
     * A server without TLS.
     * @param port 0 for a free one
     */
    static HttpServer httpServer(int port) {
        try {
            return withThreads(HttpServer.create(address(port), 0));
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /**
     * A server with TLS, at a free port.
     * @param wantsCertificate whether each client must have a certificate
     */
    static HttpServer httpsServer(SSLContext tls, boolean wantsCertificate) {
        try {
            HttpsServer server = HttpsServer.create(address(0), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(tls) {
                @Override
                public void configure(HttpsParameters parameters) {
                    SSLParameters options = tls.getDefaultSSLParameters();
                    options.setNeedClientAuth(wantsCertificate);
                    parameters.setSSLParameters(options);
                }
            });
            return withThreads(server);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static HttpServer withThreads(HttpServer server) {
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        return server;
    }

}
