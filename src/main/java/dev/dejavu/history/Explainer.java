package dev.dejavu.history;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;

/**
 * Explains what a lookup would answer. It counts as no lookup, and no registry is asked.
 */
@Component
public class Explainer {

    private final History history;

    private final Callers callers;

    Explainer(History history, Callers callers) {
        this.history = history;
        this.callers = callers;
    }

    /**
     * Explains the outcome of a key.
     * @param requested an entry with the parts of the key
     * @param isConfirmedOnly whether the lookup insists on what the registry confirmed
     * @param sameKey finds all rows of the key, in all overlays, also expired ones
     * @param nearest finds live entries that are like it
     * @throws ProblemException {@link Problem#FORBIDDEN}
     * @throws DataAccessException when the database does not answer
     */
    public <E extends CacheEntry> Explanation<E> explain(Cache<E> cache, E requested, boolean isConfirmedOnly,
            Supplier<List<E>> sameKey, Supplier<List<Nearest<E>>> nearest) {
        Caller caller = callers.current();
        if (!caller.reading().covers(requested.parts())) {
            throw ProblemException.outOfLimits();
        }
        return explain(cache, requested.key(), isConfirmedOnly, sameKey, () -> ofNearest(requested, nearest.get()));
    }

    /**
     * Explains the outcome of a key whose parts are not known.
     * @param sameKey finds all rows of the key, in all overlays, also expired ones
     * @throws DataAccessException when the database does not answer
     */
    public <E extends CacheEntry> Explanation<E> explain(Cache<E> cache, CacheKey key, Supplier<List<E>> sameKey) {
        return explain(cache, key, false, sameKey,
                () -> miss(key, Explanation.NEVER_SEEN, "No entry with this key was ever seen here.", List.of(), null));
    }

    private <E extends CacheEntry> Explanation<E> explain(Cache<E> cache, CacheKey requested, boolean isConfirmedOnly,
            Supplier<List<E>> sameKey, Supplier<Explanation<E>> otherwise) {
        List<CacheKey> keys = Stream.of(requested, requested.inBase()).distinct().toList();
        List<E> found = keys.stream().flatMap((key) -> exact(cache, key).stream()).toList();
        Optional<E> served = found.stream().filter((entry) -> !isInvalidated(entry)).findFirst();
        if (served.isPresent()) {
            return ofServed(served.get(), found, isConfirmedOnly);
        }
        history.catchUp();
        if (!found.isEmpty()) {
            return ofInvalidated(cache, found.getFirst());
        }
        Explanation<E> miss = ofLoss(cache, keys).or(() -> ofRows(requested, sameKey.get(), cache.timeToLive().now()))
            .orElseGet(otherwise);
        return isAbsent(cache, requested) ? miss.asAbsent() : miss;
    }

    private static <E extends CacheEntry> Optional<E> exact(Cache<E> cache, CacheKey key) {
        return cache.lookups().inspect(key).filter((entry) -> entry.key().equals(key));
    }

    private static boolean isInvalidated(CacheEntry entry) {
        return entry instanceof VerifiableEntry verified && verified.verification().isInvalidated();
    }

    private static <E extends CacheEntry> Explanation<E> ofServed(E entry, List<E> found, boolean isConfirmedOnly) {
        boolean isStale = entry.equals(entry.asStale());
        boolean isConfirmed = entry instanceof VerifiableEntry verified
                && verified.verification().verifiedBy() == Verification.By.REGISTRY && !isStale;
        if (isConfirmedOnly && !isConfirmed) {
            return new Explanation<>(entry.key().hex(), Explanation.Outcome.UNKNOWN, "not-verified",
                    "It is here, but its registry has not confirmed it within its freshness lifetime.", entry,
                    List.of(), null);
        }
        E last = found.getLast();
        if (found.size() > 1 && !last.hasValueOf(entry)) {
            Difference overlay = new Difference("overlay", entry.overlay(), last.overlay());
            return new Explanation<>(entry.key().hex(), Explanation.Outcome.HERE, "hidden",
                    "Your overlay has a value of its own, which hides that of the base.", entry,
                    List.of(new Nearest<>(last, List.of(overlay))), null);
        }
        return isStale
                ? Explanation.here(entry, "here-stale",
                        "It is here, and stale: it is served, and checked against its registry behind the answer.")
                : Explanation.here(entry, "here", "It is here.");
    }

    private <E extends CacheEntry> Explanation<E> ofInvalidated(Cache<E> cache, E entry) {
        HistoryEvent event = history.timeline(cache, entry.key())
            .events()
            .reversed()
            .stream()
            .filter((one) -> one.kind() == HistoryEvent.Kind.INVALIDATED)
            .findFirst()
            .orElse(null);
        return new Explanation<>(entry.key().hex(), Explanation.Outcome.UNKNOWN, "invalidated",
                "It is here, but " + ((event != null) ? "since " + event.at() + " " : "")
                        + "it may be untrue, and its registry has not confirmed it again.",
                entry, List.of(), visible(event));
    }

    private <E extends CacheEntry> Optional<Explanation<E>> ofLoss(Cache<E> cache, List<CacheKey> keys) {
        for (CacheKey key : keys) {
            Timeline timeline = history.timeline(cache, key);
            HistoryEvent loss = timeline.loss();
            if (timeline.lastValue() != null) {
                return Optional.of(miss(key, cause(loss), text(loss), List.of(), visible(loss)));
            }
        }
        return Optional.empty();
    }

    private static String cause(@Nullable HistoryEvent loss) {
        return (loss != null) ? loss.kind().toString() : "removed";
    }

    private String text(@Nullable HistoryEvent loss) {
        if (loss == null) {
            return "It was here and is gone; what removed it was not recorded.";
        }
        HistoryEvent seen = Objects.requireNonNull(visible(loss));
        return switch (loss.kind()) {
            case EXPIRED -> "It expired at " + loss.at() + ".";
            case REFUTED -> "It was removed at " + loss.at() + ", as its registry did not have it any more.";
            default -> "It was removed at " + loss.at() + ((seen.actor() != null) ? " by " + seen.actor() : "")
                    + ((loss.reason() != null) ? ": " + loss.reason() : "") + ".";
        };
    }

    private @Nullable HistoryEvent visible(@Nullable HistoryEvent event) {
        return (event == null || History.seesActors(callers.current())) ? event : event.withoutActor();
    }

    /** What the history does not know: that it expired, or is in another's overlay. */
    private <E extends CacheEntry> Optional<Explanation<E>> ofRows(CacheKey requested, List<E> rows, Instant now) {
        Caller caller = callers.current();
        for (E row : rows) {
            boolean isReadable = row.key().isInBase() || row.key().equals(requested);
            if (isReadable && !row.expiresAt().isAfter(now)) {
                HistoryEvent expiry = new HistoryEvent(row.expiresAt(), HistoryEvent.Kind.EXPIRED, row.overlay(), null,
                        row.value(), null, null, null);
                return Optional.of(miss(row.key(), "expired", text(expiry), List.of(), expiry));
            }
            if (!isReadable && caller.seesAll() && row.expiresAt().isAfter(now)) {
                Difference overlay = new Difference("overlay", requested.overlayOrNull(), row.overlay());
                return Optional.of(miss(row.key(), "hidden",
                        "It is in the overlay " + row.overlay() + ", which only those who are bound to it read.",
                        List.of(new Nearest<>(row, List.of(overlay))), null));
            }
        }
        return Optional.empty();
    }

    private static <E extends CacheEntry> Explanation<E> ofNearest(E requested, List<Nearest<E>> nearest) {
        String cause = nearest.isEmpty() ? Explanation.NEVER_SEEN : nearest.getFirst().cause();
        String text = nearest.isEmpty() ? "Nothing like it was ever seen here."
                : "It was never seen here. The nearest entry differs in its " + nearest.getFirst().parts() + ".";
        return miss(requested.key(), cause, text, nearest, null);
    }

    private static <E extends CacheEntry> Explanation<E> miss(CacheKey key, String cause, String text,
            List<Nearest<E>> nearest, @Nullable HistoryEvent event) {
        return new Explanation<>(key.hex(), Explanation.Outcome.UNKNOWN, cause, text, null, nearest, event);
    }

    private static boolean isAbsent(Cache<?> cache, CacheKey key) {
        return cache.lookups().notFound(key).problem() == Problem.ABSENT;
    }

}
