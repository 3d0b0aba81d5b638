package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;

/**
 * What registries said not to have a moment ago. Any change of a key ends it, so one that
 * may not have been told is not passed on.
 */
@Component
class NegativeCache implements ChangeListener {

    private final Cache<CacheKey, Said> said = many().build();

    /** When keys changed last, in nanoseconds, for as long as a look may take. */
    private final Cache<CacheKey, Long> touched = recently();

    /** When registries told of repositories last, as long. */
    private final Cache<String, Long> told = recently();

    /** The same of pushes alone: nothing else ends an absence. */
    private final Cache<String, Long> pushed = recently();

    private volatile long allTouched = System.nanoTime();

    private final VerificationProperties properties;

    private final ChangeFeed changes;

    private final Clock clock;

    NegativeCache(VerificationProperties properties, ChangeFeed changes, Clock clock) {
        this.properties = properties;
        this.changes = changes;
        this.clock = clock;
    }

    /**
     * It is not there, and neither is an entry.
     * @param at when the look began
     * @param since the same in nanoseconds: what changed since then knows better
     */
    void add(VerifiableEntry asked, Instant at, long since) {
        add(asked, at, since, false);
    }

    /**
     * It is not there, and its entry is about to be removed, which will be told.
     */
    void addBeforeRemoval(VerifiableEntry entry, Instant at, long since) {
        add(entry, at, since, true);
    }

    private void add(VerifiableEntry entry, Instant at, long since, boolean removal) {
        said.put(entry.key(), new Said(at.toEpochMilli(), removal, entry.registryRepository()));
        if (isAfter(touched.getIfPresent(entry.key()), since) || isPushed(entry, since)) {
            said.invalidate(entry.key());
        }
    }

    /**
     * Whether its registry told of something since then, or may have without anybody
     * knowing it here, so that a look which had begun says nothing.
     */
    boolean isTold(VerifiableEntry entry, long since) {
        return isUnknown(since) || isAfter(told.getIfPresent(entry.registryRepository()), since);
    }

    /**
     * Whether that was, or may have been, a push: what was absent before may be there.
     */
    boolean isPushed(VerifiableEntry entry, long since) {
        return isUnknown(since) || isAfter(pushed.getIfPresent(entry.registryRepository()), since);
    }

    private boolean isUnknown(long since) {
        return !changes.isCurrent() || isAfter(allTouched, since);
    }

    private static boolean isAfter(@Nullable Long at, long since) {
        return at != null && at - since >= 0;
    }

    private static <K> Cache<K, Long> recently() {
        return many().expireAfterWrite(Duration.ofMinutes(2)).build();
    }

    /** To wake another thread for its upkeep would cost more than that. */
    private static Caffeine<Object, Object> many() {
        return Caffeine.newBuilder().maximumSize(100_000).executor(Runnable::run);
    }

    void end(CacheKey key) {
        touched.put(key, System.nanoTime());
        said.invalidate(key);
    }

    boolean has(CacheKey key) {
        Said absence = changes.isCurrent() ? said.getIfPresent(key) : null;
        return absence != null && clock.millis() - absence.at() < properties.negativeTtl().toMillis();
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        for (CacheKey key : keys) {
            Said absence = said.getIfPresent(key);
            if (absence != null && absence.removal()) {
                said.asMap().replace(key, absence, new Said(absence.at(), false, absence.repository()));
            }
            else {
                end(key);
            }
        }
    }

    @Override
    public void onRegistryEvent(RegistryEvent.Kind kind, String repository) {
        told.put(repository, System.nanoTime());
        if (kind == RegistryEvent.Kind.PUSH) {
            pushed.put(repository, System.nanoTime());
            said.asMap().values().removeIf((absence) -> absence.repository().equals(repository));
        }
    }

    @Override
    public void onReset() {
        allTouched = System.nanoTime();
        said.invalidateAll();
    }

    /**
     * An absence.
     *
     * @param at epoch milliseconds
     * @param removal whether the next change that is told is the removal of its entry
     * @param repository whose pushes end it
     */
    private record Said(long at, boolean removal, String repository) {
    }

}
