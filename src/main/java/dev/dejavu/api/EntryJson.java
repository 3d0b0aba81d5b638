package dev.dejavu.api;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

    private static final byte[] BEGIN = utf8("{\"entries\":[");

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
        List<Representation> entries = new ArrayList<>(hits.size());
        StringBuilder tags = new StringBuilder();
        int length = 0;
        for (Hit<E> hit : hits) {
            Representation entry = hit.representation(this::represent);
            entries.add(entry);
            tags.append(entry.etag());
            length += entry.length() + 1;
        }
        List<String> missing = missing(keys, hits);
        byte[] end = utf8(
                "],\"missing\":[" + (missing.isEmpty() ? "" : '"' + String.join("\",\"", missing) + '"') + "]}");
        ByteBuffer json = ByteBuffer.allocate(BEGIN.length + Math.max(length - 1, 0) + end.length).put(BEGIN);
        for (Representation entry : entries) {
            if (json.position() > BEGIN.length) {
                json.put((byte) ',');
            }
            entry.writeTo(json);
        }
        return EntryResponses.answer(ResponseEntity.ok(), EntryResponses.etag(tags.append(missing)),
                json.put(end).array());
    }

    /**
     * By their hex alone, as a caller with an overlay may be given an entry of the base.
     */
    private static <E extends CacheEntry> List<String> missing(Set<CacheKey> keys, List<Hit<E>> hits) {
        List<String> missing = new ArrayList<>();
        int next = 0;
        for (CacheKey key : keys) {
            if (next < hits.size() && hits.get(next).entry().key().hex().equals(key.hex())) {
                next++;
            }
            else {
                missing.add(key.hex());
            }
        }
        return missing;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

}
