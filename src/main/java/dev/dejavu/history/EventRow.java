package dev.dejavu.history;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.LeaseEvent;
import dev.dejavu.cache.Selection;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;

/**
 * A row of {@code history_event}.
 *
 * @param hash {@link #MANY} for a selection of entries
 * @param overlay of a selection {@link #MANY} for all
 * @param at epoch milliseconds
 * @param scope of the parts of the key, as is {@code repository}
 * @param digests of the manifests that the registry had, joined by commas
 * @param trueAt when the value was last known to be true, epoch milliseconds
 */
record EventRow(String cache, String hash, String overlay, long at, HistoryEvent.Kind kind, @Nullable String value,
        @Nullable String previousValue, @Nullable String actor, @Nullable String reason, @Nullable String scope,
        @Nullable String repository, @Nullable String digests, @Nullable Long trueAt) {

    static final String MANY = "*";

    private static final int MAX_DIGESTS = 2000;

    static EventRow of(String cache, CacheEntry entry, HistoryEvent.Kind kind, long at, @Nullable String previousValue,
            @Nullable String actor, @Nullable String reason) {
        KeyParts parts = entry.parts();
        return new EventRow(cache, entry.key().hex(), entry.key().overlay(), at, kind, entry.value(), previousValue,
                actor, reason, (parts != null) ? parts.scope() : null, (parts != null) ? parts.repository() : null,
                digests(entry), trueAt(entry));
    }

    /** Somebody began to build it, and calls itself so. */
    static EventRow leased(String cache, LeaseEvent event, long at, @Nullable String actor) {
        KeyParts parts = event.parts();
        return new EventRow(cache, event.key().hex(), event.key().overlay(), at, HistoryEvent.Kind.LEASED, null, null,
                actor, event.holder(), (parts != null) ? parts.scope() : null,
                (parts != null) ? parts.repository() : null, null, null);
    }

    static EventRow removal(String cache, Selection selection, @Nullable String actor) {
        return new EventRow(cache, MANY, (selection.overlay() != null) ? selection.overlay() : MANY, selection.since(),
                HistoryEvent.Kind.REMOVED, selection.value(), null, actor, null, null, null, null, null);
    }

    /** When an entry was last known to be true. */
    static long trueAt(CacheEntry entry) {
        return ((entry instanceof VerifiableEntry verified) ? verified.verification().verifiedAt() : entry.createdAt())
            .toEpochMilli();
    }

    static @Nullable String digests(CacheEntry entry) {
        if (!(entry instanceof VerifiableEntry verified) || verified.verification().manifestDigest() == null) {
            return null;
        }
        Verification verification = verified.verification();
        String rest = (verification.restedOn() != null) ? String.join(",", verification.restedOn()) : "";
        String all = rest.isEmpty() ? String.valueOf(verification.manifestDigest())
                : verification.manifestDigest() + "," + rest;
        return (all.length() > MAX_DIGESTS) ? all.substring(0, all.lastIndexOf(',', MAX_DIGESTS)) : all;
    }

    boolean isOfMany() {
        return hash.equals(MANY);
    }

    HistoryEvent event(String inOverlay) {
        boolean isInPlace = previousValue != null && previousValue.equals(value);
        String detail = isInPlace ? "another archive at the same path" : null;
        return new HistoryEvent(Instant.ofEpochMilli(at), kind, inOverlay.isEmpty() ? null : inOverlay,
                isOfMany() ? "many at once" : detail, isOfMany() ? null : value, isInPlace ? null : previousValue,
                actor, reason);
    }

}
