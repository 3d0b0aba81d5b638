package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import dev.dejavu.access.HistoryModel.Entry;
import dev.dejavu.access.HistoryModel.Place;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls that write, and what registries report. The overlay is never that of the request.
 */
final class HistoryWrites {

    private final HistoryCalls calls;

    private final HistoryModel model;

    private final HistoryOracle oracle;

    private final HistoryServices services;

    private final LoopbackRegistry registry;

    HistoryWrites(HistoryCalls calls, HistoryModel model, HistoryOracle oracle, HistoryServices services) {
        this.calls = calls;
        this.model = model;
        this.oracle = oracle;
        this.services = services;
        this.registry = services.registry;
    }

    /**
     * PUT of a value.
     * @param query that names an overlay, as the headers may, if those set no condition
     */
    void put(HistoryActor writer, int instance, Sample sample, String query, String... headers) {
        HttpResponse<String> response = calls.send(writer, instance, "PUT", sample.path() + query, sample.body(),
                headers);
        if (!writer.holds(Role.WRITE)) {
            assertRefused(writer, response);
            return;
        }
        if (!writer.holds(Role.ADMIN) && !sample.body().contains("\"scope\"")) {
            assertThat(response.statusCode()).as(response.body()).isEqualTo(422);
            return;
        }
        Entry stored = HistoryOracle.entry(writer, sample, services.clock.instant());
        Place place = stored.place();
        Entry before = model.stored(place);
        boolean replaced = before != null && model.live().contains(before);
        boolean certain = model.isCertain(place.path());
        Entry entry = stored.by(authors(stored, replaced ? before : null, certain));
        boolean holds = holds(List.of(headers), writer, replaced ? before : null);
        if (response.statusCode() == 412) {
            // A check may have changed the ETag of an image.
            boolean exact = certain && !(HistoryModel.isImage(place.path()) && List.of(headers).contains("If-Match"));
            assertThat(holds && exact).as("%s was refused", entry).isFalse();
            return;
        }
        assertThat(holds || !certain).as("%s was not refused", entry).isTrue();
        assertThat(response.statusCode()).as(response.body())
            .isIn(replaced ? 200 : 201, (replaced && certain) ? 200 : 201);
        JsonNode answer = oracle.read(response);
        assertThat(answer != null && oracle.shows(answer, entry, writer)).as("%s instead of %s", answer, entry)
            .isTrue();
        model.put(entry, instance);
    }

    /** Who says again what is there does not become its author. */
    private static Set<String> authors(Entry entry, @Nullable Entry before, boolean certain) {
        Set<String> authors = new HashSet<>();
        if (before != null && before.value().equals(entry.value())) {
            before.authors().stream().filter((author) -> !author.isEmpty()).forEach(authors::add);
        }
        if (!certain || authors.isEmpty() || before == null || before.authors().contains("")) {
            authors.addAll(entry.authors());
        }
        return authors;
    }

    /**
     * Whether the condition of a PUT holds, which is about the overlay of the writer
     * alone.
     */
    private boolean holds(List<String> headers, HistoryActor writer, @Nullable Entry before) {
        if (headers.contains("If-None-Match")) {
            return before == null;
        }
        int match = headers.indexOf("If-Match");
        JsonNode known = (match >= 0) ? oracle.known(headers.get(match + 1)) : null;
        return match < 0 || (before != null && known != null && oracle.shows(known, before, writer));
    }

    void remove(HistoryActor writer, int instance, Sample sample) {
        HttpResponse<String> response = calls.send(writer, instance, "DELETE", sample.path(), null);
        if (!writer.holds(Role.ADMIN)) {
            assertRefused(writer, response);
            return;
        }
        assertThat(response.statusCode()).isEqualTo(204);
        Place place = new Place(writer.overlay(), sample.path());
        model.remove(instance, (other, entry) -> other.equals(place));
    }

    /**
     * Removes all of a cache that the writer may.
     * @param value of the entries; {@code null} for any
     */
    void removeAll(HistoryActor writer, int instance, String collection, @Nullable String value) {
        String query = (value == null) ? "" : (collection.equals("/images") ? "?image_uri=" : "?remote_path=") + value;
        HttpResponse<String> response = calls.send(writer, instance, "DELETE", collection + query, null);
        if (!writer.holds(Role.ADMIN)) {
            assertRefused(writer, response);
            return;
        }
        assertRemoved(response,
                model.remove(instance,
                        (place, entry) -> place.path().startsWith(collection) && writer.administers(place.overlay())
                                && Optional.ofNullable(value).orElse(entry.value()).equals(entry.value())));
    }

    void removeOverlay(HistoryActor writer, int instance, String overlay) {
        HttpResponse<String> response = calls.send(writer, instance, "DELETE", "/overlays/" + overlay, null);
        if (!writer.administers(overlay)) {
            assertRefused(writer, response);
            return;
        }
        assertRemoved(response, model.remove(instance, (place, entry) -> place.overlay().equals(overlay)));
    }

    private static void assertRemoved(HttpResponse<String> response, int[] rows) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(json(response).path("removed").asInt()).as("removed rows").isBetween(rows[0], rows[1]);
    }

    private static void assertRefused(HistoryActor writer, HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo((writer.token() != null) ? 403 : 401);
    }

    /**
     * Sends what no one may.
     */
    void attempt(HistoryActor writer, int instance, HistoryAttempt attempt) {
        HttpResponse<String> response = calls.send(writer, instance, attempt.method(), attempt.path(), attempt.body());
        assertThat(response.statusCode()).as("%s: %s", attempt, response.body()).isBetween(400, 499);
    }

    /** The registry loses an image, and may report that. */
    void deleteInRegistry(int instance, String imageUri, boolean reports) {
        model.disturb();
        registry.delete(imageUri);
        calls.note("the registry deletes " + imageUri);
        if (reports) {
            report(instance, "delete", imageUri);
        }
    }

    /** The registry gets an image, or gets it again, and may report that. */
    void pushToRegistry(int instance, String imageUri, boolean reports) {
        model.disturb();
        registry.push(imageUri);
        model.restore(imageUri);
        calls.note("the registry gets " + imageUri);
        if (reports) {
            report(instance, "push", imageUri);
        }
    }

    /** An event, true or forged by somebody who has the secret. */
    void report(int instance, String action, String imageUri) {
        model.disturb();
        int at = imageUri.indexOf('@');
        String tagged = (at < 0) ? imageUri : imageUri.substring(0, at);
        String repository = tagged.substring(0, tagged.lastIndexOf(':'));
        String subject = (at < 0) ? "\"tag\":\"" + tagged.substring(repository.length() + 1) + "\""
                : "\"digest\":\"" + imageUri.substring(at + 1) + "\"";
        String body = "{\"events\":[{\"action\":\"%s\",\"target\":{\"repository\":\"%s\",%s}}]}".formatted(action,
                repository.substring(repository.indexOf('/') + 1), subject);
        HistoryActor nobody = new HistoryActor("the registry", null, "", null);
        HttpResponse<String> response = calls.send(nobody, instance, "POST", "/webhooks/real", body, "Authorization",
                HistoryServices.WEBHOOK_SECRET);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
        if (action.equals("delete")) {
            model.invalidate(instance,
                    (value) -> (at < 0) ? value.equals(imageUri)
                            : value.startsWith(repository + ":") && value.endsWith(imageUri.substring(at)),
                    registry::has);
        }
    }

}
