package dev.dejavu.cache;

import java.net.URI;

import org.springframework.http.CacheControl;
import org.springframework.http.ResponseEntity;

/**
 * Answers that carry entries: each has a strong {@code ETag}, and must be asked for again
 * as it may be forgotten at any time. To a matching {@code If-None-Match} Spring itself
 * makes a 304 of them.
 */
public final class Answers {

    private Answers() {
    }

    public static <T> ResponseEntity<T> ok(T body) {
        return answer(ResponseEntity.ok(), body);
    }

    /**
     * The answer to a PUT.
     * @param created whether the key was new
     */
    public static <T> ResponseEntity<T> stored(boolean created, String location, T body) {
        return answer(created ? ResponseEntity.created(URI.create(location)) : ResponseEntity.ok(), body);
    }

    private static <T> ResponseEntity<T> answer(ResponseEntity.BodyBuilder builder, T body) {
        // A record's text has every member of its JSON, so it changes when the answer
        // does.
        String tag = CacheKey.hashOf(body.toString()).hex().substring(0, 32);
        return builder.eTag(tag).cacheControl(CacheControl.noCache()).body(body);
    }

}
