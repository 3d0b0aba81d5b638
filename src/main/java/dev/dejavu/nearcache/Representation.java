package dev.dejavu.nearcache;

import java.io.IOException;
import java.io.OutputStream;

import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.api.EntryResponses;
import dev.dejavu.cache.CacheEntry;

/**
 * An entry as it is sent.
 */
final class Representation {

    private final String tag;

    private final byte[] body;

    private Representation(String tag, byte[] body) {
        this.tag = tag;
        this.body = body;
    }

    static Representation of(CacheEntry entry, JsonMapper json) {
        return new Representation(EntryResponses.etag(entry), json.writeValueAsBytes(entry));
    }

    /** Its {@code ETag}. */
    String tag() {
        return tag;
    }

    /** Bytes of its JSON. */
    int length() {
        return body.length;
    }

    void writeTo(OutputStream stream) throws IOException {
        stream.write(body);
    }

}
