package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.VerifiableEntry;

/**
 * What registries did not have a moment ago (RFC 2308). A write of its key ends an
 * absence, and so does a push to its repository, so absences are served only while the
 * change feed is current.
 */
@Component
class NegativeCache implements ChangeListener {

    private final Cache<CacheKey, Absence> absences = Caffeine.newBuilder()
        .maximumSize(100_000)
        .executor(Runnable::run)
        .build();

    /** When each key last changed, for as long as a check may take. */
    private final Cache<CacheKey, Long> changedAt = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(Duration.ofMinutes(2))
        .executor(Runnable::run)
        .build();

    /** When any key may have changed. */
    private volatile long resetAt = System.nanoTime();

    private final Watermarks watermarks;

    private final ChangeFeed changes;

    private final VerificationProperties properties;

    private final Clock clock;

    NegativeCache(Watermarks watermarks, ChangeFeed changes, VerificationProperties properties, Clock clock) {
        this.watermarks = watermarks;
        this.changes = changes;
        this.properties = properties;
        this.clock = clock;
    }

    /**
     * The registry does not have it, and its entry, if there is one, is about to be
     * removed.
     * @param begin of the check: a later change or push counts more
     */
    void add(VerifiableEntry requested, CheckBegin begin) {
        absences.put(requested.key(),
                new Absence(begin.at().toEpochMilli(), begin.asOf(), requested.registryRepository()));
        Long changed = changedAt.getIfPresent(requested.key());
        if ((changed != null && changed - begin.nanoTime() >= 0) || resetAt - begin.nanoTime() >= 0) {
            absences.invalidate(requested.key());
        }
    }

    void remove(CacheKey key) {
        changedAt.put(key, System.nanoTime());
        absences.invalidate(key);
    }

    boolean contains(CacheKey key) {
        Absence absence = changes.isCurrent() ? absences.getIfPresent(key) : null;
        return absence != null && clock.millis() - absence.at() < properties.negativeTtl().toMillis()
                && !watermarks.isPushedSince(absence.repository(), absence.asOf());
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        keys.forEach(this::remove);
    }

    @Override
    public void onRemoved(String cache, List<CacheKey> keys) {
        // Whoever removed an entry did not make its image.
    }

    @Override
    public void onReset() {
        resetAt = System.nanoTime();
        absences.invalidateAll();
    }

    /**
     * An absence.
     *
     * @param at epoch milliseconds
     * @param asOf the number of the last event before it
     * @param repository whose later pushes end it
     */
    private record Absence(long at, long asOf, String repository) {
    }

}
