package dev.dejavu.history;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.TimeToLive;

/**
 * Puts what was recorded of a key in the base or in one overlay in order, and derives
 * what nobody recorded: that it expired, and which removals and events of a registry
 * concerned it.
 */
final class Timeline {

    private final CacheKey key;

    private final TimeToLive timeToLive;

    private final @Nullable CacheEntry live;

    private final List<HistoryEvent> events = new ArrayList<>();

    private @Nullable String value;

    private @Nullable String lastValue;

    private @Nullable Long lastTrueAt;

    private long putAt;

    private @Nullable HistoryEvent loss;

    /**
     * A timeline.
     * @param live the entry that it has now; {@code null} for none
     */
    Timeline(CacheKey key, TimeToLive timeToLive, @Nullable CacheEntry live) {
        this.key = key;
        this.timeToLive = timeToLive;
        this.live = live;
    }

    /**
     * Goes through all that was recorded.
     * @param rows of this key and of many, oldest first
     * @param registryEvents of its repository, oldest first
     */
    Timeline read(List<EventRow> rows, List<RegistryEventRow> registryEvents) {
        int next = 0;
        begin(rows);
        for (EventRow row : rows) {
            while (next < registryEvents.size() && registryEvents.get(next).at() < row.at()) {
                read(registryEvents.get(next++));
            }
            read(row);
        }
        while (next < registryEvents.size()) {
            read(registryEvents.get(next++));
        }
        if (live == null) {
            expireBefore(timeToLive.clock().millis());
        }
        else {
            lastValue = live.value();
            lastTrueAt = EventRow.trueAt(live);
            loss = null;
        }
        return this;
    }

    /** An entry that was stored before anything was recorded. */
    private void begin(List<EventRow> rows) {
        boolean isKnown = rows.stream().anyMatch((row) -> row.kind().isOfPut());
        if (live != null && !isKnown) {
            read(EventRow.of("", live, HistoryEvent.Kind.PUT, live.createdAt().toEpochMilli(), null, live.writtenBy(),
                    null));
        }
    }

    private void read(EventRow row) {
        if (row.isOfMany()) {
            readRemovalOfMany(row);
            return;
        }
        if (!row.kind().needsEntry()) {
            expireBefore(row.at());
        }
        if (row.kind() == HistoryEvent.Kind.LEASED) {
            events.add(row.event(key.overlay()));
            return;
        }
        if (row.kind().isOfPut()) {
            putAt = row.at();
            loss = null;
        }
        HistoryEvent event = row.event(key.overlay());
        events.add(event);
        lastValue = (row.value() != null) ? row.value() : lastValue;
        lastTrueAt = (row.trueAt() != null) ? row.trueAt() : lastTrueAt;
        value = lastValue;
        if (row.kind().isLoss()) {
            lose(event);
        }
    }

    /** It spared what was stored after it had begun. */
    private void readRemovalOfMany(EventRow row) {
        expireBefore(row.at());
        boolean isSelected = row.value() == null || row.value().equals(value);
        boolean isSpared = live != null && live.createdAt().toEpochMilli() <= row.at();
        if (value != null && isSelected && !isSpared) {
            HistoryEvent event = row.event(key.overlay());
            events.add(event);
            lose(event);
        }
    }

    private void read(RegistryEventRow row) {
        if (value == null || row.at() < putAt) {
            return;
        }
        // The manifest that it had anyway.
        boolean isOfSame = row.digest() != null && live != null
                && Objects.requireNonNullElse(EventRow.digests(live), "").startsWith(row.digest());
        if (!isOfSame) {
            events.add(
                    new HistoryEvent(Instant.ofEpochMilli(row.at()), HistoryEvent.Kind.INVALIDATED, key.overlayOrNull(),
                            row.kind().name().toLowerCase(Locale.ROOT) + " reported by the webhook " + row.webhook(),
                            value, null, null, null));
        }
    }

    private void expireBefore(long time) {
        Instant expiry = timeToLive.expiresAt(key, Instant.ofEpochMilli(putAt));
        if (value != null && putAt > 0 && expiry.toEpochMilli() <= time) {
            HistoryEvent event = new HistoryEvent(expiry, HistoryEvent.Kind.EXPIRED, key.overlayOrNull(), null, value,
                    null, null, null);
            events.add(event);
            lose(event);
        }
    }

    private void lose(HistoryEvent event) {
        loss = event;
        value = null;
    }

    /** Oldest first. */
    List<HistoryEvent> events() {
        return events;
    }

    /** The value that it has, or had last. */
    @Nullable String lastValue() {
        return lastValue;
    }

    /** When that was last known to be true. */
    @Nullable Instant trueAt() {
        return (lastTrueAt != null) ? Instant.ofEpochMilli(lastTrueAt) : null;
    }

    CacheKey key() {
        return key;
    }

    /** What ended its last entry; {@code null} if there is one, or it is unknown. */
    @Nullable HistoryEvent loss() {
        return loss;
    }

}
