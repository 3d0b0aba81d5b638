package dev.dejavu.testing;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

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

    private final int port;

    private final List<String> requests = new CopyOnWriteArrayList<>();

    private volatile Fault fault;

    private volatile String registry;

    private HttpServer server;

    /**
     * A proxy without faults.
     * @param registry its URI
     */
    public RegistryProxy(String registry) {
        this.registry = registry;
        this.fault = this::pass;
        this.server = listen(0);
        this.port = server.getAddress().getPort();
    }

    private HttpServer listen(int at) {
        HttpServer opened = Loopback.httpServer(at);
        opened.createContext("/", (exchange) -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            try (exchange) {
                fault.respond(exchange);
            }
        });
        opened.start();
        return opened;
    }

    public String host() {
        return "127.0.0.1:" + port;
    }

    /** Stands before another registry from now on. */
    public void standBefore(String other) {
        this.registry = other;
    }

    /** Closes all connections, idle or not, and says nothing. */
    public void closeConnections() {
        server.stop(0);
        this.server = listen(port);
    }

    /** Responds with a fault from now on. */
    public void fault(Fault injected) {
        this.fault = injected;
    }

    /** Passes requests to the registry from now on. */
    public void mend() {
        this.fault = this::pass;
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

    /** No fault: the response of a registry. */
    public static Fault pass(String registry) {
        return (exchange) -> pass(exchange, registry, "");
    }

    /** No fault: the response of the registry. */
    public void pass(HttpExchange exchange) throws IOException {
        pass(exchange, registry, "");
    }

    /** The response of the registry, with a code of its own in errors. */
    public void passWithErrors(HttpExchange exchange, String code) throws IOException {
        pass(exchange, registry, "{\"errors\":[{\"code\":\"" + code + "\"}]}");
    }

    private static void pass(HttpExchange exchange, String registry, String error) throws IOException {
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
            boolean isError = response.statusCode() == 404 && !error.isEmpty();
            byte[] body = isError ? error.getBytes(StandardCharsets.UTF_8) : response.body();
            boolean empty = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
            exchange.sendResponseHeaders(response.statusCode(), empty ? -1 : body.length);
            if (!empty) {
                exchange.getResponseBody().write(body);
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
