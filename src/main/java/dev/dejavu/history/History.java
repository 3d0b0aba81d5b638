package dev.dejavu.history;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Watermark;
import dev.dejavu.registry.ImageReference;

/**
 * What happened to a key, as far as the caller may know it.
 */
@Component
public class History {

    private static final int MAX_OVERLAYS = 20;

    private final HistoryRepository repository;

    private final HistoryWriter writer;

    private final HistoryProperties properties;

    private final Callers callers;

    private final Clock clock;

    History(HistoryRepository repository, HistoryWriter writer, HistoryProperties properties, Callers callers,
            Clock clock) {
        this.repository = repository;
        this.writer = writer;
        this.properties = properties;
        this.callers = callers;
        this.clock = clock;
    }

    /**
     * What happened to a key in its overlay and in the base; for an administrator, in all
     * overlays. Of a key that is unknown, or that the caller may not read, nothing.
     * @throws DataAccessException when the database does not answer
     */
    public KeyHistory of(Cache<?> cache, CacheKey key) {
        Caller caller = callers.current();
        catchUp();
        List<String> overlays = caller.seesAll() ? null : List.of(key.overlay(), key.inBase().overlay());
        List<EventRow> rows = rows(cache, key, overlays);
        CacheEntry live = cache.lookups().inspect(key).orElse(null);
        if (!mayRead(caller, rows, live)) {
            return new KeyHistory(List.of(), null, null, null, false, false, dropped());
        }
        Instant since = Instant.ofEpochMilli(since());
        List<HistoryEvent> events = new ArrayList<>();
        Timeline main = null;
        List<CacheKey> keys = keys(key, rows);
        for (CacheKey one : keys.subList(0, Math.min(keys.size(), MAX_OVERLAYS))) {
            Timeline timeline = timeline(cache, one, caller, rows);
            timeline.events().stream().filter((event) -> !event.at().isBefore(since)).forEach(events::add);
            boolean isMain = main == null || (live != null && live.key().equals(one));
            main = (isMain && timeline.lastValue() != null) ? timeline : main;
        }
        boolean seesActors = seesActors(caller);
        List<Served> served = seesActors ? repository.served(cache.name(), key.hex(), overlays, null, 0) : null;
        return new KeyHistory(newestFirst(events, seesActors), (main != null) ? main.trueAt() : null, newest(served),
                seesActors ? newest(servedSinceTrue(cache, main)) : null,
                events.size() > HistoryRepository.MAX_EVENTS || keys.size() > MAX_OVERLAYS,
                served != null && served.size() > HistoryRepository.MAX_SERVED, dropped());
    }

    /** Writes what this instance recorded, so that a timeline has it. */
    void catchUp() {
        writer.flushBriefly();
    }

    /** The timeline of a key in the base, or in its overlay alone. */
    Timeline timeline(Cache<?> cache, CacheKey key) {
        return timeline(cache, key, callers.current(), rows(cache, key, Set.of(key.overlay())));
    }

    private Timeline timeline(Cache<?> cache, CacheKey key, Caller caller, List<EventRow> rows) {
        CacheEntry live = cache.lookups().inspect(key).filter((entry) -> entry.key().equals(key)).orElse(null);
        List<EventRow> visible = rows.stream()
            .filter((row) -> row.overlay().equals(key.overlay()) && isVisible(caller, row))
            .toList();
        Set<String> values = new HashSet<>();
        visible.stream().map(EventRow::value).filter(Objects::nonNull).forEach(values::add);
        if (live != null) {
            values.add(live.value());
        }
        List<EventRow> own = Stream
            .concat(visible.stream(),
                    repository.removals(cache.name(), key.overlay(), values, firstPut(cache)).stream())
            .sorted(Comparator.comparingLong(EventRow::at))
            .toList();
        return new Timeline(key, cache.timeToLive(), live).read(own, registryEvents(own, live));
    }

    private List<EventRow> rows(Cache<?> cache, CacheKey key, @Nullable Collection<String> overlays) {
        return repository.events(cache.name(), key.hex(), overlays, firstPut(cache)).reversed();
    }

    private long since() {
        return clock.millis() - properties.keep().toMillis();
    }

    /** When an entry was stored that has expired since then, at the earliest. */
    private long firstPut(Cache<?> cache) {
        return since() - cache.timeToLive().ttl().toMillis();
    }

    /** Whether a caller may read an entry that the key has or had. */
    private static boolean mayRead(Caller caller, List<EventRow> rows, @Nullable CacheEntry live) {
        return caller.reading().isAll() || live != null || rows.stream().anyMatch((row) -> isVisible(caller, row));
    }

    private static boolean isVisible(Caller caller, EventRow row) {
        return caller.reading().covers(parts(row));
    }

    private static @Nullable KeyParts parts(EventRow row) {
        return (row.scope() != null) ? new Parts(row.scope(), row.repository()) : null;
    }

    /**
     * The key, where it is in the base, and in the overlays that rows tell of, the latest
     * first; one more than the limit at most.
     */
    private static List<CacheKey> keys(CacheKey key, List<EventRow> rows) {
        Stream<CacheKey> others = rows.reversed().stream().map((row) -> key.in(row.overlay()));
        return Stream.concat(Stream.of(key, key.inBase()), others).distinct().limit(MAX_OVERLAYS + 1).toList();
    }

    private List<RegistryEventRow> registryEvents(List<EventRow> rows, @Nullable CacheEntry live) {
        Set<String> values = new HashSet<>();
        Set<String> subjects = new HashSet<>(Set.of(Watermark.WHOLE));
        rows.stream().filter((row) -> !row.isOfMany()).forEach((row) -> {
            values.add(Objects.requireNonNullElse(row.value(), ""));
            addDigests(subjects, row.digests());
        });
        if (live instanceof VerifiableEntry entry) {
            values.add(entry.value());
            addDigests(subjects, EventRow.digests(entry));
        }
        Set<String> repositories = new HashSet<>();
        values.stream().map(ImageReference::parse).filter(Objects::nonNull).forEach((reference) -> {
            repositories.add(reference.canonicalRepository());
            String digest = reference.digest();
            subjects.add((digest != null) ? Watermark.digest(digest) : Watermark.tag(String.valueOf(reference.tag())));
        });
        return repositories.stream()
            .flatMap((one) -> repository.registryEvents(one, subjects, since()).stream())
            .sorted(Comparator.comparingLong(RegistryEventRow::at))
            .toList();
    }

    private static void addDigests(Set<String> subjects, @Nullable String digests) {
        if (digests != null) {
            List.of(digests.split(",")).forEach((digest) -> subjects.add(Watermark.digest(digest)));
        }
    }

    private List<Served> servedSinceTrue(Cache<?> cache, @Nullable Timeline timeline) {
        if (timeline == null || timeline.trueAt() == null || timeline.lastValue() == null) {
            return List.of();
        }
        long minute = Math.floorDiv(timeline.trueAt().toEpochMilli(), ServedRow.MINUTE) * ServedRow.MINUTE;
        return repository.served(cache.name(), timeline.key().hex(), Set.of(timeline.key().overlay()),
                timeline.lastValue(), minute);
    }

    private static List<HistoryEvent> newestFirst(List<HistoryEvent> events, boolean seesActors) {
        // Of equal times, those that came later first.
        return events.reversed()
            .stream()
            .sorted(Comparator.comparing(HistoryEvent::at).reversed())
            .limit(HistoryRepository.MAX_EVENTS)
            .map((event) -> seesActors ? event : event.withoutActor())
            .toList();
    }

    private static @Nullable List<Served> newest(@Nullable List<Served> served) {
        return (served != null) ? served.stream().limit(HistoryRepository.MAX_SERVED).toList() : null;
    }

    /** Administrators do, and everyone where all are anonymous. */
    static boolean seesActors(Caller caller) {
        return caller.seesAll() || (caller.isTrusted() && caller.name() == null);
    }

    private @Nullable Long dropped() {
        return (writer.dropped() > 0) ? writer.dropped() : null;
    }

    private record Parts(String scope, @Nullable String repository) implements KeyParts {
    }

}
