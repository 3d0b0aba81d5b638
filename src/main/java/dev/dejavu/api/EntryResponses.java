package dev.dejavu.api;

import java.net.URI;

import org.springframework.http.CacheControl;
import org.springframework.http.ResponseEntity;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.Sha256;

/**
 * Responses with entries: each has a strong {@code ETag} and must be revalidated, as an
 * entry may be removed at any time. Spring itself answers a matching
 * {@code If-None-Match} with 304.
 */
public final class EntryResponses {

    private EntryResponses() {
    }

    public static <T> ResponseEntity<T> ok(T body) {
        return answer(ResponseEntity.ok(), body);
    }

    /**
     * The response to a PUT.
     * @param path the collection, as in {@code /images/}
     */
    public static <E extends CacheEntry> ResponseEntity<E> stored(String path, PutResult<E> stored) {
        E entry = stored.entry();
        return answer(stored.created() ? ResponseEntity.created(URI.create(PublicPath.of(path) + entry.key().hex()))
                : ResponseEntity.ok(), entry);
    }

    private static <T> ResponseEntity<T> answer(ResponseEntity.BodyBuilder builder, T body) {
        return answer(builder, etag(body), body);
    }

    static <T> ResponseEntity<T> answer(ResponseEntity.BodyBuilder builder, String etag, T body) {
        return builder.eTag(etag).cacheControl(CacheControl.noCache()).body(body);
    }

    /**
     * The strong {@code ETag} of a body, in its quotes.
     * @param body whose text changes whenever its JSON does, as that of a record with all
     * members of its JSON
     */
    public static String etag(Object body) {
        return '"' + Sha256.hex(body.toString()).substring(0, 32) + '"';
    }

}
