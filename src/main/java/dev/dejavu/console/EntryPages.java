package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

import dev.dejavu.access.Visitor;
import dev.dejavu.access.Visitors;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.history.History;

/**
 * The pages of the caches: their lists, and each entry.
 */
@Page
@RequestMapping("/console/{cache:images|bundles}")
class EntryPages {

    private static final int LIMIT = 50;

    private final Map<String, Cache<?>> caches;

    private final History history;

    private final Callers callers;

    private final Visitors visitors;

    private final Clock clock;

    EntryPages(List<Cache<?>> caches, History history, Callers callers, Visitors visitors, Clock clock) {
        this.caches = caches.stream().collect(Collectors.toMap(Cache::name, Function.identity()));
        this.history = history;
        this.callers = callers;
        this.visitors = visitors;
        this.clock = clock;
    }

    private Cache<?> cache(String name) {
        Cache<?> cache = caches.get(name);
        if (cache == null) {
            throw new IllegalArgumentException("No cache " + name);
        }
        return cache;
    }

    @GetMapping
    String list(@PathVariable String cache, @RequestParam(required = false) @Nullable String q,
            @RequestParam(required = false) @Nullable String by, @RequestParam(required = false) @Nullable String show,
            @RequestParam(required = false) @Nullable String after, Model model) {
        EntryQuery query = EntryQuery.of(cache, q, by, show);
        Cursor start = (after != null && !after.isEmpty()) ? Cursor.parse(after) : Cursor.START;
        model.addAttribute("query", query);
        model.addAttribute("kinds", EntryQuery.kinds(cache));
        model.addAttribute("shows", EntryQuery.shows(cache));
        model.addAttribute("result", result(query, start));
        model.addAttribute("isFirst", start.equals(Cursor.START));
        model.addAttribute("isSearch", !query.text().isEmpty() || !query.show().equals("all"));
        model.addAttribute("start", FirstCalls.current());
        return "console/entries";
    }

    private EntryList result(EntryQuery query, Cursor after) {
        EntryList result = new EntryList(List.of(), null, query.by());
        for (EntryQuery attempt : query.attempts().toList()) {
            dev.dejavu.cache.Page<?> page = cache(query.cache()).search(after, LIMIT, attempt.search(),
                    attempt.filter());
            result = new EntryList(page.entries().stream().map(this::view).toList(),
                    (page.next() != null) ? attempt.path(page.next()) : null, attempt.by());
            if (!result.entries().isEmpty() || result.next() != null) {
                break;
            }
        }
        return result;
    }

    private EntryView view(CacheEntry entry) {
        return EntryView.of(entry, clock.instant());
    }

    @GetMapping("/{key}")
    String entry(@PathVariable String cache, @PathVariable String key,
            @RequestParam(required = false) @Nullable String overlay,
            @RequestParam(required = false) @Nullable String checked, Model model, HttpServletResponse response) {
        Optional<? extends CacheEntry> found = find(cache, key, overlay);
        model.addAttribute("cache", cache);
        Visitor visitor = visitors.current();
        if (visitor.mayList()) {
            CacheKey read = found.map(CacheEntry::key).orElse(cache(cache).key(key));
            model.addAttribute("history", HistoryView.of(history.of(cache(cache), read), clock.instant()));
        }
        if (found.isEmpty()) {
            model.addAttribute("key", key);
            response.setStatus(HttpStatus.NOT_FOUND.value());
            return "console/missing";
        }
        CacheEntry entry = found.get();
        model.addAttribute("entry", view(entry));
        model.addAttribute("checked", checked);
        boolean isMine = entry.key().overlay().equals(visitor.overlay());
        model.addAttribute("mayForget", visitor.mayForget() && isMine);
        model.addAttribute("mayCheck", visitor.mayList() && entry instanceof VerifiableEntry && isMine);
        return "console/entry";
    }

    private Optional<? extends CacheEntry> find(String name, String text, @Nullable String overlay) {
        Cache<?> cache = cache(name);
        CacheKey key = cache.key(text);
        return cache.lookups().inspect((overlay != null && callers.current().seesAll()) ? key.in(overlay) : key);
    }

    @PostMapping("/{key}/check")
    ResponseEntity<Void> check(@PathVariable String cache, @PathVariable String key) {
        Optional<? extends CacheEntry> before = find(cache, key, null);
        boolean asked = cache(cache).lookups().check(cache(cache).key(key));
        Optional<? extends CacheEntry> after = find(cache, key, null);
        if (before.isPresent() && after.isEmpty()) {
            return PublicLinks.seeOther("/console/" + cache + "?forgotten=registry").build();
        }
        boolean confirmed = before.isPresent() && after.isPresent()
                && verifiedAt(after.get()).isAfter(verifiedAt(before.get()));
        return PublicLinks
            .seeOther("/console/" + cache + "/" + key + "?checked="
                    + (confirmed ? "confirmed" : asked ? "unanswered" : "impossible"))
            .build();
    }

    private static Instant verifiedAt(CacheEntry entry) {
        return (entry instanceof VerifiableEntry verified) ? verified.verification().verifiedAt() : Instant.MIN;
    }

    /** Asks once more: this needs no JavaScript. */
    @GetMapping("/{key}/forget")
    String confirm(@PathVariable String cache, @PathVariable String key, Model model, HttpServletResponse response) {
        if (!visitors.current().mayForget()) {
            throw new ProblemException(Problem.FORBIDDEN, "To forget an entry takes the role admin.");
        }
        return entry(cache, key, null, null, model, response).equals("console/entry") ? "console/forget"
                : "console/missing";
    }

    @PostMapping("/{key}/forget")
    ResponseEntity<Void> forget(@PathVariable String cache, @PathVariable String key) {
        cache(cache).remove(cache(cache).key(key));
        return PublicLinks.seeOther("/console/" + cache + "?forgotten=you").build();
    }

    /**
     * Entries that were found.
     *
     * @param next the path of the next page
     * @param by what the text that was searched for is
     */
    record EntryList(List<EntryView> entries, @Nullable String next, String by) {
    }

}
