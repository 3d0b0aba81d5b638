package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import dev.dejavu.access.HistoryModel.Entry;
import dev.dejavu.access.HistoryModel.Place;
import dev.dejavu.testing.LoopbackRegistry;
import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Judges answers by the model.
 */
final class HistoryOracle {

    /** Members that a check of the registry may change at any time. */
    private static final Set<String> VERIFICATION = Set.of("verified_at", "verified_by", "manifest_digest", "stale");

    private static final JsonMapper mapper = new JsonMapper();

    private final HistoryModel model;

    private final LoopbackRegistry registry;

    /** The bodies that came with each ETag, whoever got them. */
    private final Map<String, String> bodies = new LinkedHashMap<>();

    HistoryOracle(HistoryModel model, LoopbackRegistry registry) {
        this.model = model;
        this.registry = registry;
    }

    /** The entry that a write of these members makes. */
    static Entry entry(HistoryActor writer, Sample sample, Instant now) {
        Place place = new Place(writer.overlay(), sample.path());
        ObjectNode members = (ObjectNode) mapper.readTree(sample.body());
        members.remove("overlay");
        members.put(HistoryModel.isImage(place.path()) ? "hash" : "digest", sample.key());
        members.put(HistoryModel.isImage(place.path()) ? "image_uri" : "remote_path", sample.value());
        members.put("created_at", now.toString());
        members.put("expires_at", now.plus(place.ttl()).toString());
        if (!place.overlay().isEmpty()) {
            members.put("overlay", place.overlay());
        }
        return new Entry(place, members, sample.value(), Set.of(writer.name()), now);
    }

    /** Whether an answer has an entry as this reader may see it, and nothing else. */
    boolean shows(JsonNode answer, Entry entry, HistoryActor reader) {
        ObjectNode shown = withoutVerification(answer);
        if (reader.seesAll()) {
            if (!entry.authors().contains(shown.path("written_by").asString(""))) {
                return false;
            }
            shown.remove("written_by");
        }
        if (!shown.equals(entry.members())) {
            return false;
        }
        String digest = answer.path("manifest_digest").asString("");
        boolean byRegistry = answer.path("verified_by").asString("").equals("registry");
        assertThat(byRegistry).as("verified by the registry, with its digest: %s", answer).isEqualTo(!digest.isEmpty());
        assertThat(digest.isEmpty() || registry.hadDigest(entry.value(), digest)).as("the digest of %s", answer)
            .isTrue();
        return true;
    }

    static ObjectNode withoutVerification(JsonNode entry) {
        ObjectNode rest = ((ObjectNode) entry).deepCopy();
        rest.remove(VERIFICATION);
        return rest;
    }

    /**
     * Judges what a reader was told about a key.
     * @param answer {@code null} for a miss
     * @param began when it was asked, as {@link System#nanoTime}
     * @return whether it is true now; else an instance may say so for a moment
     */
    boolean isCurrent(HistoryActor reader, int instance, String path, @Nullable JsonNode answer, long began) {
        Set<Optional<Entry>> now = model.now(reader.overlay(), path);
        if (isOneOf(now, answer, reader)) {
            return true;
        }
        assertThat(isOneOf(model.lately(reader.overlay(), path, instance, began), answer, reader))
            .as("%s is told %s about %s; allowed: %s", reader.name(), answer, path, now)
            .isTrue();
        return false;
    }

    boolean isOneOf(Set<Optional<Entry>> options, @Nullable JsonNode answer, HistoryActor reader) {
        return (answer == null) ? options.contains(Optional.<Entry>empty())
                : options.stream().flatMap(Optional::stream).anyMatch((entry) -> shows(answer, entry, reader));
    }

    /**
     * The entry in the answer to a GET, or in the answer that its ETag names.
     * @return {@code null} for a miss
     */
    @Nullable JsonNode read(HttpResponse<String> response) {
        String tag = header(response, "ETag");
        if (response.statusCode() == 404) {
            return null;
        }
        if (response.statusCode() == 304) {
            return known(tag);
        }
        assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
        String known = bodies.putIfAbsent(tag, response.body());
        assertThat((known != null) ? known : response.body()).as("two bodies with one ETag").isEqualTo(response.body());
        return json(response);
    }

    List<String> etags() {
        return List.copyOf(bodies.keySet());
    }

    /** The entry that came with an ETag, if anybody has got it. */
    @Nullable JsonNode known(String etag) {
        String body = bodies.get(etag);
        return (body != null) ? mapper.readTree(body) : null;
    }

    /**
     * Judges that two answers about a key are the same, but for a check of the registry
     * in between.
     */
    void judgeSame(HttpResponse<String> before, HttpResponse<String> after) {
        JsonNode one = read(before);
        JsonNode other = read(after);
        if (one == null || other == null) {
            assertThat(one == null && other == null).as("%s became %s", one, other).isTrue();
            return;
        }
        assertThat(withoutVerification(other)).isEqualTo(withoutVerification(one));
        if (one.equals(other)) {
            assertThat(header(after, "ETag")).isEqualTo(header(before, "ETag"));
        }
        else {
            assertThat(one.has("verified_by")).as("%s became %s", one, other).isTrue();
        }
    }

}
