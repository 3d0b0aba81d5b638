package dev.dejavu.testing;

import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;

import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

/**
 * Receives the notifications of a real registry and forwards them to the service under
 * test.
 */
public final class Notifications {

    private final HttpServer server;

    private final List<String> forwarded = new CopyOnWriteArrayList<>();

    private volatile @Nullable Http target;

    private volatile String path = "";

    private volatile String authorization = "";

    public Notifications() {
        this.server = Loopback.httpServer(0);
        server.createContext("/", (exchange) -> {
            try (exchange) {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(forward(body), -1);
            }
        });
        server.start();
    }

    private int forward(String body) {
        Http to = target;
        if (to == null) {
            return 200;
        }
        int status = to
            .send("POST", path, BodyPublishers.ofString(body), "Authorization", authorization, "Content-Type",
                    "application/vnd.docker.distribution.events.v1+json")
            .statusCode();
        if (status == 204) {
            forwarded.add(body);
        }
        return status;
    }

    public String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    /** Forwards them from now on. */
    public void forwardTo(Http service, String webhook, String secret) {
        this.path = webhook;
        this.authorization = "Bearer " + secret;
        this.target = service;
    }

    /** Forwards an earlier one again, late and out of order. */
    public void replay(RandomGenerator random) {
        if (!forwarded.isEmpty()) {
            forward(forwarded.get(random.nextInt(forwarded.size())));
        }
    }

    /** Drops them from now on. */
    public void drop() {
        this.target = null;
        forwarded.clear();
    }

    /**
     * Whether the service accepted a notification that contains all of these texts.
     */
    public boolean accepted(String... texts) {
        return forwarded.stream().anyMatch((body) -> List.of(texts).stream().allMatch(body::contains));
    }

}
