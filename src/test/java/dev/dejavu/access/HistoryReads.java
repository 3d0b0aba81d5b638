package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import dev.dejavu.access.HistoryModel.Entry;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;

import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls that read, with every answer judged. An answer that is only true of a moment ago
 * is asked for again, until it is true now or that moment is a second ago.
 */
final class HistoryReads {

    private final HistoryCalls calls;

    private final HistoryModel model;

    private final HistoryOracle oracle;

    private final HistoryLists lists;

    private final LoopbackRegistry registry;

    private final SettableClock clock;

    HistoryReads(HistoryCalls calls, HistoryModel model, HistoryOracle oracle, HistoryServices services) {
        this.calls = calls;
        this.model = model;
        this.oracle = oracle;
        this.lists = new HistoryLists(model, oracle);
        this.registry = services.registry;
        this.clock = services.clock;
    }

    /** GET of an entry, until it is true now. */
    HttpResponse<String> get(HistoryActor reader, int instance, String path, String query, String... headers) {
        while (true) {
            long began = System.nanoTime();
            HttpResponse<String> response = calls.send(reader, instance, "GET", path + query, null, headers);
            if (oracle.isCurrent(reader, instance, path, oracle.read(response), began)) {
                return response;
            }
        }
    }

    void head(HistoryActor reader, int instance, String path) {
        while (true) {
            long began = System.nanoTime();
            HttpResponse<String> response = calls.send(reader, instance, "HEAD", path, null);
            assertThat(response.statusCode()).isIn(200, 404);
            JsonNode known = oracle.known(header(response, "ETag"));
            if (response.statusCode() == 200 && known == null) {
                assertThat(model.lately(reader.overlay(), path, instance, began)).as("HEAD finds one of these")
                    .anyMatch(Optional::isPresent);
                return;
            }
            if (oracle.isCurrent(reader, instance, path, known, began)) {
                return;
            }
        }
    }

    void lookup(HistoryActor reader, int instance, List<Sample> samples) {
        String collection = collection(samples.getFirst());
        String keys = samples.stream().map((sample) -> "\"" + sample.key() + "\"").collect(Collectors.joining(","));
        String body = "{\"" + (collection.equals("/images") ? "hashes" : "digests") + "\":[" + keys + "]}";
        boolean current = false;
        while (!current) {
            long began = System.nanoTime();
            HttpResponse<String> response = calls.send(reader, instance, "POST", collection + "/lookup", body);
            assertThat(response.statusCode()).isEqualTo(200);
            List<JsonNode> entries = new ArrayList<>(json(response).path("entries").valueStream().toList());
            int missing = json(response).path("missing").size();
            assertThat(entries.size() + missing).isEqualTo(samples.size());
            current = true;
            for (Sample sample : samples) {
                JsonNode found = entries.stream()
                    .filter((one) -> key(one).equals(sample.key()))
                    .findFirst()
                    .orElse(null);
                entries.remove(found);
                current &= oracle.isCurrent(reader, instance, sample.path(), found, began);
            }
            assertThat(entries).as("entries that nobody asked for").isEmpty();
        }
    }

    private static String key(JsonNode entry) {
        return entry.path(entry.has("hash") ? "hash" : "digest").asString();
    }

    /** All pages of a list. */
    void list(HistoryActor reader, int instance, String collection, @Nullable String value, int limit) {
        String query = collection + "?limit=" + limit
                + ((value != null) ? "&" + (collection.equals("/images") ? "image_uri=" : "remote_path=") + value : "");
        List<JsonNode> listed = new ArrayList<>();
        String after = "";
        do {
            HttpResponse<String> response = calls.send(reader, instance, "GET", query + after, null);
            if (!reader.holds(Role.READ)) {
                assertThat(response.statusCode()).isEqualTo(401);
                return;
            }
            assertThat(response.statusCode()).isEqualTo(200);
            listed.addAll(json(response).path("entries").valueStream().toList());
            after = json(response).has("next") ? "&after=" + json(response).path("next").asString() : "";
        }
        while (!after.isEmpty());
        lists.judge(reader, collection, value, listed, true);
    }

    /** A page that begins where a page of another reader may have ended. */
    void listAfter(HistoryActor reader, int instance, Entry last) {
        String path = last.place().path();
        String collection = path.substring(0, path.lastIndexOf('/'));
        String slash = last.place().overlay().isEmpty() ? "" : "/";
        HttpResponse<String> response = calls.send(reader, instance, "GET",
                collection + "?after=" + last.createdAt().plusMillis(1).toEpochMilli() + "-"
                        + path.substring(collection.length() + 1) + slash + last.place().overlay(),
                null);
        if (reader.holds(Role.READ)) {
            lists.judge(reader, collection, null, json(response).path("entries").valueStream().toList(), false);
        }
    }

    /**
     * Resolves an image.
     * @return whether the service has stored what the registry has
     */
    boolean resolve(HistoryActor reader, int instance, Sample sample) {
        while (true) {
            long began = System.nanoTime();
            HttpResponse<String> response = calls.send(reader, instance, "POST", "/images/resolve", sample.body());
            if (!reader.holds(Role.READ)) {
                assertThat(response.statusCode()).isEqualTo(401);
                return false;
            }
            JsonNode answer = oracle.read(response);
            Set<Optional<Entry>> lately = model.lately(reader.overlay(), sample.path(), instance, began);
            Entry resolved = HistoryOracle.entry(reader, sample, clock.instant()).by(Set.of(""));
            if (answer != null && lately.contains(Optional.<Entry>empty()) && oracle.shows(answer, resolved, reader)) {
                assertThat(registry.has(sample.value())).as("resolved what the registry does not have").isTrue();
                assertThat(answer.path("verified_by").asString()).isEqualTo("registry");
                model.put(resolved, instance);
                return true;
            }
            // A registry need not answer.
            if ((answer == null && lately.contains(Optional.<Entry>empty()))
                    || oracle.isCurrent(reader, instance, sample.path(), answer, began)) {
                return false;
            }
        }
    }

    void stats(HistoryActor reader, int instance) {
        HttpResponse<String> response = calls.send(reader, instance, "GET", "/stats", null);
        if (reader.holds(Role.READ)) {
            for (String cache : List.of("images", "bundles")) {
                lists.judgeCount(cache, json(response).path(cache).path("entries").asLong());
            }
        }
        else {
            assertThat(response.statusCode()).isEqualTo(401);
        }
    }

    static String collection(Sample sample) {
        return sample.path().substring(0, sample.path().lastIndexOf('/'));
    }

}
