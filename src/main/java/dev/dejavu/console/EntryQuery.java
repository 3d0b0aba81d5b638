package dev.dejavu.console;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriComponentsBuilder;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Search;

/**
 * What a person searches for: a text, which may be any of some things, and a filter.
 *
 * @param text empty for everything
 * @param by one of {@link #kinds}; {@code any} for the first one that finds something
 * @param show {@code all}, a state or {@code overlay}
 */
record EntryQuery(String cache, String text, String by, String show) {

    static final String ANY = "any";

    private static final String OVERLAY = "overlay";

    /** Fewer hex digits may be those of many keys. */
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{6,128}");

    private static final int MAX_LENGTH = 2048;

    static EntryQuery of(String cache, @Nullable String text, @Nullable String by, @Nullable String show) {
        String stripped = Objects.requireNonNullElse(text, "").strip();
        // Neither database has these in a text.
        String plain = stripped.replaceAll("\\p{Cntrl}", "");
        return new EntryQuery(cache, plain.substring(0, Math.min(plain.length(), MAX_LENGTH)),
                (by != null && kinds(cache).contains(by)) ? by : ANY,
                (show != null && shows(cache).contains(show)) ? show : "all");
    }

    static List<String> kinds(String cache) {
        return cache.equals("images") ? List.of(ANY, "URI", "repository", "tag", "scope", "key")
                : List.of(ANY, "path", "scope", "key");
    }

    static List<String> shows(String cache) {
        return cache.equals("images") ? List.of("all", "fresh", "stale", "invalidated", OVERLAY)
                : List.of("all", OVERLAY);
    }

    /** The searches to try, one after another. */
    Stream<EntryQuery> attempts() {
        if (text.isEmpty()) {
            return Stream.of(new EntryQuery(cache, "", ANY, show));
        }
        return (by.equals(ANY) ? kinds(cache).stream().filter((kind) -> !kind.equals(ANY)) : Stream.of(by))
            .filter((kind) -> !kind.equals("key") || KEY.matcher(text).matches())
            .map((kind) -> new EntryQuery(cache, text, kind, show));
    }

    Search search() {
        return new Search((by.equals("URI") || by.equals("path")) ? text : null, by.equals("scope") ? text : null,
                by.equals("repository") ? text : null, by.equals("tag") ? text : null, by.equals("key") ? text : null,
                show.equals(OVERLAY));
    }

    @Nullable Predicate<CacheEntry> filter() {
        return (show.equals("all") || show.equals(OVERLAY)) ? null
                : (entry) -> EntryState.of(entry).toString().equals(show);
    }

    /** The path of the page that begins after a cursor. */
    String path(@Nullable Object after) {
        UriComponentsBuilder path = UriComponentsBuilder.fromPath("/console/{cache}").queryParam("show", show);
        if (!text.isEmpty()) {
            path.queryParam("q", "{text}").queryParam("by", by);
        }
        if (after != null) {
            path.queryParam("after", "{after}");
        }
        return path.encode()
            .buildAndExpand(Map.of("cache", cache, "text", text, "after", String.valueOf(after)))
            .toUriString();
    }

}
