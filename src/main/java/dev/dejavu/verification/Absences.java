package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeObserver;
import dev.dejavu.cache.Changes;

/**
 * What registries said not to have a moment ago. Any change of a key ends it, so one that
 * may not have been told is not passed on.
 */
@Component
class Absences implements ChangeObserver {

    private final Cache<CacheKey, Said> said = Caffeine.newBuilder().maximumSize(100_000).build();

    /** When keys changed last, in nanoseconds, for as long as a look may take. */
    private final Cache<CacheKey, Long> touched = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(Duration.ofMinutes(2))
        .build();

    private volatile long allTouched = System.nanoTime();

    private final VerificationProperties properties;

    private final Changes changes;

    private final Clock clock;

    Absences(VerificationProperties properties, Changes changes, Clock clock) {
        this.properties = properties;
        this.changes = changes;
        this.clock = clock;
    }

    /**
     * It is not there, and neither is an entry.
     * @param at when the look began
     * @param since the same in nanoseconds: what changed since then knows better
     */
    void add(CacheKey key, Instant at, long since) {
        said.put(key, new Said(at.toEpochMilli(), false));
        Long change = touched.getIfPresent(key);
        if ((change != null && change - since >= 0) || allTouched - since >= 0) {
            said.invalidate(key);
        }
    }

    /**
     * It is not there, and its entry is about to be removed, which will be told.
     * @param at when the look began
     */
    void addBeforeRemoval(CacheKey key, Instant at) {
        said.put(key, new Said(at.toEpochMilli(), true));
    }

    void end(CacheKey key) {
        touched.put(key, System.nanoTime());
        said.invalidate(key);
    }

    boolean has(CacheKey key) {
        Said absence = changes.areTold() ? said.getIfPresent(key) : null;
        return absence != null && clock.millis() - absence.at() < properties.negativeTtl().toMillis();
    }

    @Override
    public void changed(String cache, List<CacheKey> keys) {
        for (CacheKey key : keys) {
            Said absence = said.getIfPresent(key);
            if (absence != null && absence.removal()) {
                said.asMap().replace(key, absence, new Said(absence.at(), false));
            }
            else {
                end(key);
            }
        }
    }

    @Override
    public void allChanged() {
        allTouched = System.nanoTime();
        said.invalidateAll();
    }

    /**
     * An absence.
     *
     * @param at epoch milliseconds
     * @param removal whether the next change that is told is the removal of its entry
     */
    private record Said(long at, boolean removal) {
    }

}
