package dev.dejavu.history;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.LeaseEvent;
import dev.dejavu.cache.Lookup;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.Removed;
import dev.dejavu.cache.VerifiableEntry;

/**
 * Records what happens to keys and who is served. What repeats itself is recorded once in
 * a while.
 */
@Component
class HistoryRecorder implements CacheObserver {

    private static final long CONFIRMATIONS = Duration.ofHours(6).toMillis();

    private static final long RENEWALS = Duration.ofMinutes(10).toMillis();

    private static final long REGISTRY_EVENTS = Duration.ofMinutes(1).toMillis();

    private static final int MAX_REMEMBERED = MemoryBound.of(50_000, 400);

    private final HistoryWriter writer;

    private final HistoryProperties properties;

    private final Callers callers;

    private final Clock clock;

    /** When what repeats itself was last recorded. */
    private final Cache<Object, Long> recorded = Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).build();

    HistoryRecorder(HistoryWriter writer, HistoryProperties properties, Callers callers, Clock clock) {
        this.writer = writer;
        this.properties = properties;
        this.callers = callers;
        this.clock = clock;
    }

    @Override
    public void onLookup(Lookup lookup) {
        if (!properties.isOff()) {
            writer.add(lookup);
        }
    }

    @Override
    public void onWrite(String cache, PutResult<?> result) {
        CacheEntry entry = result.entry();
        HistoryEvent.Kind kind = (result.previousValue() != null) ? HistoryEvent.Kind.CHANGED
                : result.created() ? HistoryEvent.Kind.PUT : HistoryEvent.Kind.RENEWED;
        if (kind == HistoryEvent.Kind.RENEWED && wasRecorded(new Repeated(cache, kind, entry.key()), RENEWALS)) {
            return;
        }
        String name = callers.current().name();
        add(EventRow.of(cache, entry, kind, entry.createdAt().toEpochMilli(), result.previousValue(),
                actor((name != null) ? name : entry.writtenBy()), null));
    }

    @Override
    public void onConfirmed(String cache, VerifiableEntry entry) {
        HistoryEvent.Kind kind = HistoryEvent.Kind.CONFIRMED;
        if (!wasRecorded(new Repeated(cache, kind, entry.key()), CONFIRMATIONS)) {
            add(EventRow.of(cache, entry, kind, EventRow.trueAt(entry), null, null, null));
        }
    }

    @Override
    public void onRefuted(String cache, CacheEntry entry, String reason) {
        forget(cache, entry.key());
        add(EventRow.of(cache, entry, HistoryEvent.Kind.REFUTED, clock.millis(), null, null, reason));
    }

    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> events) {
        if (properties.isOff()) {
            return;
        }
        events.stream()
            .filter((event) -> !wasRecorded(event, REGISTRY_EVENTS))
            .flatMap((event) -> RegistryEventRow.of(webhook, event, clock.millis()))
            .forEach(writer::add);
    }

    @Override
    public void onInvalidate(String cache, CacheEntry entry, boolean isRemoved, @Nullable String reason) {
        forget(cache, entry.key());
        add(EventRow.of(cache, entry, isRemoved ? HistoryEvent.Kind.REMOVED : HistoryEvent.Kind.INVALIDATED,
                clock.millis(), null, actor(callers.current().name()), reason));
    }

    @Override
    public void onRemove(String cache, CacheKey key, @Nullable CacheEntry entry) {
        forget(cache, key);
        String actor = actor(callers.current().name());
        if (entry != null) {
            add(EventRow.of(cache, entry, HistoryEvent.Kind.REMOVED, clock.millis(), null, actor, null));
        }
    }

    @Override
    public void onRemoveAll(String cache, Removed removed, @Nullable String author) {
        if (removed.rows() == 0 && !removed.isDone()) {
            return;
        }
        List<Object> what = List.of(cache, removed.selection());
        if (recorded.getIfPresent(what) == null) {
            recorded.invalidateAll();
            recorded.put(what, clock.millis());
            add(EventRow.removal(cache, removed.selection(), actor(author)));
        }
    }

    @Override
    public void onLease(String cache, LeaseEvent event) {
        if (event.kind() == LeaseEvent.Kind.TAKEN || event.kind() == LeaseEvent.Kind.HEDGED) {
            add(EventRow.leased(cache, event, clock.millis(), actor(event.author())));
        }
    }

    private void add(EventRow event) {
        if (!properties.isOff()) {
            writer.add(event);
        }
    }

    private void forget(String cache, CacheKey key) {
        recorded.invalidate(new Repeated(cache, HistoryEvent.Kind.CONFIRMED, key));
        recorded.invalidate(new Repeated(cache, HistoryEvent.Kind.RENEWED, key));
    }

    private boolean wasRecorded(Object what, long within) {
        long now = clock.millis();
        Long last = recorded.getIfPresent(what);
        if (last != null && now - last < within) {
            return true;
        }
        recorded.put(what, now);
        return false;
    }

    private static String actor(@Nullable String name) {
        return (name != null) ? name : Caller.ANYONE;
    }

    private record Repeated(String cache, HistoryEvent.Kind kind, CacheKey key) {
    }

}
