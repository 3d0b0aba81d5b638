package dev.dejavu.api;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Hit;
import dev.dejavu.cache.Representation;

/**
 * The JSON of entries, alone and joined. An entry of a near cache is written once.
 */
@Component
public class EntryJson {

    private final JsonMapper mapper;

    EntryJson(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** The representation of an entry with all that it has. */
    public Representation represent(CacheEntry entry) {
        return new Representation(EntryResponses.etag(entry), mapper.writeValueAsBytes(entry));
    }

    /**
     * The response to a lookup of many keys: {@code entries} that were found and
     * {@code missing} keys, both in the order of the request.
     * @param hits in the order of the keys
     */
    public <E extends CacheEntry> ResponseEntity<byte[]> lookup(Set<CacheKey> keys, List<Hit<E>> hits) {
        ByteArrayOutputStream json = new ByteArrayOutputStream(64 + 320 * keys.size());
        List<String> tags = new ArrayList<>();
        Set<String> found = new HashSet<>();
        json.writeBytes(utf8("{\"entries\":["));
        for (Hit<E> hit : hits) {
            Representation entry = hit.representation(this::represent);
            if (!found.isEmpty()) {
                json.write(',');
            }
            entry.writeTo(json);
            tags.add(entry.etag());
            found.add(hit.entry().key().hex());
        }
        List<String> missing = keys.stream().map(CacheKey::hex).filter((key) -> !found.contains(key)).toList();
        json.writeBytes(
                utf8("],\"missing\":[" + (missing.isEmpty() ? "" : '"' + String.join("\",\"", missing) + '"') + "]}"));
        return EntryResponses.answer(ResponseEntity.ok(), EntryResponses.etag(tags + " " + missing),
                json.toByteArray());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

}
