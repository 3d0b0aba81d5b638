package dev.dejavu.access;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.stereotype.Component;

import dev.dejavu.nearcache.NearCacheProperties;

/**
 * All tokens by the hash of their secret, in a snapshot of their table: neither a hit nor
 * a flood of wrong tokens costs a round trip to the database. While it is used the
 * snapshot is refreshed after two seconds, behind an answer, and it expires after four:
 * that is how soon an instance obeys what another one revoked. While the database does
 * not answer, whoever is in it is let in for as long as entries are served stale.
 */
@Component
class TokenCache {

    private static final Logger log = LoggerFactory.getLogger(TokenCache.class);

    private static final long REFRESH_AFTER = Duration.ofSeconds(2).toNanos();

    private static final long EXPIRE_AFTER = Duration.ofSeconds(4).toNanos();

    /** Between two that unknown tokens ask for. */
    private static final long RENEW_AFTER = Duration.ofMillis(250).toNanos();

    /** After a failure, so that callers that wait do not all ask the database. */
    private static final long RETRY_DELAY = Duration.ofSeconds(1).toNanos();

    private final AccessTokenRepository repository;

    private final BootstrapToken bootstrap;

    /** Nanoseconds. */
    private final long expireAfterIfError;

    private final AtomicBoolean isRefreshing = new AtomicBoolean();

    private final ReentrantLock loading = new ReentrantLock();

    private volatile @Nullable Snapshot snapshot;

    private volatile @Nullable Failure failure;

    /** How often this instance changed the table; guarded together with the snapshot. */
    private long changes;

    private volatile boolean bootstrapped;

    private boolean warned;

    TokenCache(AccessTokenRepository repository, BootstrapToken bootstrap, NearCacheProperties outages) {
        this.expireAfterIfError = Math.max(EXPIRE_AFTER, outages.staleIfError().toNanos());
        this.repository = repository;
        this.bootstrap = bootstrap;
    }

    /** Lets this instance obey a change of its own at once. */
    synchronized void changed() {
        changes++;
        snapshot = null;
    }

    private synchronized long changes() {
        return changes;
    }

    private synchronized boolean publish(Snapshot fresh, long change) {
        if (changes != change) {
            return false;
        }
        snapshot = fresh;
        return true;
    }

    /**
     * The tokens as they are, or were a moment ago.
     * @throws AuthenticationServiceException when the database does not answer
     */
    Map<String, Holder> byHash() {
        Snapshot cached = snapshot;
        if (cached == null || !isUsable(cached)) {
            return refresh().byHash();
        }
        if (cached.age() > REFRESH_AFTER && isRefreshing.compareAndSet(false, true)) {
            Thread.startVirtualThread(this::refreshInBackground);
        }
        return cached.byHash();
    }

    /** Whether the administrator's token is there, if there has to be one. */
    boolean isBootstrapped() {
        return bootstrapped;
    }

    /**
     * The holder of a secret. One that is unknown may just have been made through another
     * instance, so the table is asked again, a few times a second for all of them.
     * @throws AuthenticationServiceException when the database does not answer
     */
    @Nullable Holder find(Secret secret) {
        String hash = secret.hash();
        long asked = System.nanoTime();
        Holder known = byHash().get(hash);
        return (known != null) ? known : since(asked).byHash().get(hash);
    }

    private boolean isUsable(Snapshot cached) {
        Failure last = failure;
        boolean hasFailed = last != null && System.nanoTime() - last.at() < REFRESH_AFTER;
        return cached.age() < (hasFailed ? expireAfterIfError : EXPIRE_AFTER);
    }

    private void refreshInBackground() {
        try {
            refresh();
        }
        catch (AuthenticationServiceException ex) {
            // The next request that needs a snapshot is told.
        }
        finally {
            isRefreshing.set(false);
        }
    }

    private Snapshot refresh() {
        loading.lock();
        try {
            Snapshot cached = snapshot;
            if (cached != null && cached.age() < REFRESH_AFTER) {
                return cached;
            }
            try {
                return reload();
            }
            catch (AuthenticationServiceException ex) {
                if (cached != null && cached.age() < expireAfterIfError) {
                    return cached;
                }
                throw ex;
            }
        }
        finally {
            loading.unlock();
        }
    }

    /**
     * A snapshot that was begun since a moment. All who wait for one at once share it.
     */
    private Snapshot since(long moment) {
        loading.lock();
        try {
            Snapshot cached = snapshot;
            if (cached != null && cached.at() - moment >= 0) {
                return cached;
            }
            if (cached != null) {
                LockSupport.parkNanos(RENEW_AFTER - cached.age());
            }
            return reload();
        }
        finally {
            loading.unlock();
        }
    }

    private Snapshot reload() {
        Failure last = failure;
        if (last != null && System.nanoTime() - last.at() < RETRY_DELAY) {
            throw unavailable(last.cause());
        }
        try {
            return load();
        }
        catch (DataAccessException ex) {
            failure = new Failure(System.nanoTime(), ex);
            throw unavailable(ex);
        }
    }

    private static AuthenticationServiceException unavailable(DataAccessException cause) {
        return new AuthenticationServiceException("Token store unavailable.", cause);
    }

    /**
     * Loads again when this instance changed the table meanwhile: else the snapshot of
     * before would count for two seconds more.
     */
    private Snapshot load() {
        while (true) {
            long change = changes();
            Snapshot fresh = new Snapshot(System.nanoTime(), holders());
            if (publish(fresh, change)) {
                return fresh;
            }
        }
    }

    private Map<String, Holder> holders() {
        Map<String, AccessToken> tokens = repository.byHash();
        if (!bootstrapped) {
            tokens = withBootstrapToken(tokens);
        }
        return tokens.entrySet()
            .stream()
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, (entry) -> Holder.of(entry.getValue())));
    }

    /** A server that is read-only still lets in those whom it knows. */
    private Map<String, AccessToken> withBootstrapToken(Map<String, AccessToken> tokens) {
        try {
            boolean changed = bootstrap.ensure(tokens);
            bootstrapped = true;
            return changed ? repository.byHash() : tokens;
        }
        catch (DataAccessException ex) {
            if (!warned) {
                log.warn("The administrator's token cannot be stored yet: {}", ex.getMostSpecificCause().getMessage());
                warned = true;
            }
            return tokens;
        }
    }

    /**
     * A token, and what is made of it once for all requests.
     *
     * @param lastUsedAt epoch milliseconds; 0 for never
     */
    record Holder(AccessToken token, Authentication authentication, AtomicLong lastUsedAt) {

        static Holder of(AccessToken token) {
            Instant used = token.lastUsedAt();
            return new Holder(token,
                    new Identity(token.name(), token.role(), (token.overlay() != null) ? token.overlay() : "",
                            (token.limits() != null) ? token.limits() : Limits.NONE, token.expiresAt()),
                    new AtomicLong((used != null) ? used.toEpochMilli() : 0));
        }

    }

    /**
     * The table at a moment.
     *
     * @param at as {@link System#nanoTime}
     */
    private record Snapshot(long at, Map<String, Holder> byHash) {

        long age() {
            return System.nanoTime() - at;
        }

    }

    private record Failure(long at, DataAccessException cause) {
    }

}
