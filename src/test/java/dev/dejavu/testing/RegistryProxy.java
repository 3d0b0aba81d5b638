package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/**
 * A proxy in front of a registry that does to its responses what the internet does.
 */
public final class RegistryProxy implements AutoCloseable {

    /**
     * Replaces the response to a request.
     */
    @FunctionalInterface
    public interface Fault {

        /** Responds to the request. */
        void respond(HttpExchange exchange) throws IOException;

    }

    private static final HttpClient client = HttpClient.newHttpClient();

    private final HttpServer server;

    private final List<String> requests = new CopyOnWriteArrayList<>();

    private volatile Fault fault;

    private final Fault none;

    /**
     * A proxy without faults.
     * @param registry its URI
     */
    public RegistryProxy(String registry) {
        this.none = pass(registry);
        this.fault = none;
        try {
            this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", (exchange) -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            try (exchange) {
                fault.respond(exchange);
            }
        });
        server.start();
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Responds with a fault from now on. */
    public void fault(Fault injected) {
        this.fault = injected;
    }

    /** Passes requests to the registry from now on. */
    public void mend() {
        this.fault = none;
    }

    /** Returns the requests since the last call. */
    public List<String> takeRequests() {
        List<String> all = List.copyOf(requests);
        requests.removeAll(all);
        return all;
    }

    /** A fault that is a response. */
    public static Fault respond(int status, String body, String... headers) {
        return (exchange) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(status, (head || bytes.length == 0) ? -1 : bytes.length);
            if (!head) {
                exchange.getResponseBody().write(bytes);
            }
        };
    }

    /** No fault: the response of the registry. */
    public static Fault pass(String registry) {
        return (exchange) -> pass(exchange, registry);
    }

    private static void pass(HttpExchange exchange, String registry) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(registry + exchange.getRequestURI()))
            .method(exchange.getRequestMethod(), BodyPublishers.noBody());
        for (String name : List.of("Accept", "Authorization")) {
            String value = exchange.getRequestHeaders().getFirst(name);
            if (value != null) {
                request.header(name, value);
            }
        }
        try {
            HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
            for (String name : List.of("Content-Type", "Docker-Content-Digest", "WWW-Authenticate", "Location")) {
                response.headers()
                    .firstValue(name)
                    .ifPresent((value) -> exchange.getResponseHeaders().add(name, value));
            }
            boolean empty = exchange.getRequestMethod().equals("HEAD") || response.body().length == 0;
            exchange.sendResponseHeaders(response.statusCode(), empty ? -1 : response.body().length);
            if (!empty) {
                exchange.getResponseBody().write(response.body());
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }

}
