package dev.dejavu.lease;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;

/**
 * The keys that have leases, as far as this instance knows, so that a PUT of another key
 * costs no statement. A key that has none any more is among them for some seconds.
 */
@Component
class KnownLeases implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(KnownLeases.class);

    private static final Duration INTERVAL = Duration.ofSeconds(10);

    /** Beyond, the database is asked. */
    private static final int MAX_KEYS = 20_000;

    private final Map<CacheKey, Known> keys = new ConcurrentHashMap<>();

    private final LeaseRepository repository;

    private final ChangeFeed changes;

    private final Clock clock;

    /** Whether there may be others. */
    private volatile boolean isIncomplete = true;

    private volatile @Nullable Thread thread;

    KnownLeases(LeaseRepository repository, ChangeFeed changes, Clock clock) {
        this.repository = repository;
        this.changes = changes;
        this.clock = clock;
    }

    /**
     * What is known of the leases of a key.
     *
     * @param nanoTime when that was learned, as {@link System#nanoTime}
     * @param expiresAt {@code null} until it was read
     * @param takenHere when one was taken through this instance; {@code null} for never
     */
    private record Known(long nanoTime, @Nullable Instant expiresAt, @Nullable Instant takenHere) {
    }

    /** A lease was taken through this instance. */
    void addOwn(Lease lease) {
        keys.put(lease.key(), new Known(System.nanoTime(), lease.expiresAt(), lease.since()));
    }

    /** A lease was taken. */
    void add(CacheKey key) {
        keys.compute(key,
                (any, known) -> (known != null) ? new Known(System.nanoTime(), known.expiresAt(), known.takenHere())
                        : new Known(System.nanoTime(), null, null));
    }

    /** All leases of a key are about to be removed. */
    void remove(CacheKey key) {
        keys.remove(key);
    }

    /**
     * Whether a key may have a lease. While changes of other instances do not arrive, the
     * database is asked.
     */
    boolean contain(CacheKey key) {
        return keys.containsKey(key) || ((isIncomplete || !changes.isCurrent()) && !repository.findLive(key).isEmpty());
    }

    /** When a lease of a key was taken through this instance, if one was. */
    Optional<Instant> takenHere(CacheKey key) {
        Known known = keys.isEmpty() ? null : keys.get(key);
        return (known != null) ? Optional.ofNullable(known.takenHere()) : Optional.empty();
    }

    /** How many keys have live leases. */
    long live() {
        Instant now = clock.instant();
        return keys.values().stream().map(Known::expiresAt).filter((end) -> end == null || end.isAfter(now)).count();
    }

    /** Others may have taken some. */
    void reset() {
        isIncomplete = true;
        LockSupport.unpark(thread);
    }

    private void refresh() {
        long begin = System.nanoTime();
        isIncomplete = false;
        List<Lease> leases = repository.findAll(MAX_KEYS);
        Set<CacheKey> live = leases.stream().map(Lease::key).collect(Collectors.toSet());
        keys.entrySet().removeIf((one) -> one.getValue().nanoTime() - begin < 0 && !live.contains(one.getKey()));
        leases.forEach((lease) -> keys.merge(lease.key(), new Known(begin, lease.expiresAt(), null),
                (known, read) -> new Known(known.nanoTime(), read.expiresAt(), known.takenHere())));
        isIncomplete |= leases.size() == MAX_KEYS;
    }

    private void run() {
        while (thread == Thread.currentThread()) {
            if (isIncomplete || !keys.isEmpty()) {
                try {
                    refresh();
                }
                catch (DataAccessException ex) {
                    isIncomplete = true;
                    log.debug("Leases are read later", ex);
                }
            }
            LockSupport.parkNanos(INTERVAL.toNanos());
        }
    }

    @Override
    public void start() {
        Thread reader = Thread.ofVirtual().name("leases").unstarted(this::run);
        thread = reader;
        reader.start();
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        LockSupport.unpark(running);
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

}
