package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;

import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the notifications of a real registry and passes them on, if anybody wants them.
 */
public final class Notifications {

    private final HttpServer server;

    private final List<String> passed = new CopyOnWriteArrayList<>();

    private volatile @Nullable Http target;

    private volatile String path = "";

    private volatile String authorization = "";

    public Notifications() {
        try {
            this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", (exchange) -> {
            try (exchange) {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(pass(body), -1);
            }
        });
        server.start();
    }

    private int pass(String body) {
        Http to = target;
        if (to == null) {
            return 200;
        }
        int status = to
            .send("POST", path, BodyPublishers.ofString(body), "Authorization", authorization, "Content-Type",
                    "application/vnd.docker.distribution.events.v1+json")
            .statusCode();
        if (status == 204) {
            passed.add(body);
        }
        return status;
    }

    public String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    /** Passes them on from now. */
    public void passTo(Http service, String webhook, String secret) {
        this.path = webhook;
        this.authorization = "Bearer " + secret;
        this.target = service;
    }

    /** Passes on again what was passed before, late and out of order. */
    public void repeat(RandomGenerator random) {
        if (!passed.isEmpty()) {
            pass(passed.get(random.nextInt(passed.size())));
        }
    }

    /** Passes nothing on. */
    public void drop() {
        this.target = null;
        passed.clear();
    }

    /**
     * Whether the service has taken a notification that has all of these texts.
     */
    public boolean arrived(String... texts) {
        return passed.stream().anyMatch((body) -> List.of(texts).stream().allMatch(body::contains));
    }

}
