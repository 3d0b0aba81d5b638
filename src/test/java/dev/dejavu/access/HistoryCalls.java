package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The calls of a history, each of which is written down.
 */
final class HistoryCalls {

    private final HistoryServices services;

    private final List<String> steps = new ArrayList<>();

    HistoryCalls(HistoryServices services) {
        this.services = services;
    }

    /** Writes down what happens without a call. */
    void note(String step) {
        steps.add(step);
    }

    List<String> steps() {
        return steps;
    }

    /**
     * Sends a request.
     * @throws Unavailable when the machine was too busy for it
     */
    HttpResponse<String> send(HistoryActor actor, int instance, String method, String path, @Nullable String body,
            String... headers) {
        HttpResponse<String> response = services.http(instance)
            .send(method, path, (body != null) ? BodyPublishers.ofString(body) : null, actor.headers(headers));
        String step = "%s at %d: %s %s %s %s -> %d %s".formatted(actor.name(), instance, method, path,
                (body != null) ? body : "", String.join(" ", headers), response.statusCode(), response.body());
        // An answer that is true no more is asked for again.
        if (steps.isEmpty() || !steps.getLast().equals(step)) {
            steps.add(step);
        }
        if (response.statusCode() == 503) {
            throw new Unavailable();
        }
        return response;
    }

    /**
     * A history cannot go on: nobody knows whether a write that was answered 503 has
     * happened.
     */
    static final class Unavailable extends RuntimeException {

        private static final long serialVersionUID = 1;

    }

}
