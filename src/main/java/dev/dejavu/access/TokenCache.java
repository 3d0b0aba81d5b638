package dev.dejavu.access;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.stereotype.Component;

/**
 * Knows tokens by their secret, from a snapshot of the table: so neither a hit nor a
 * flood of wrong ones costs a round trip to the database. The snapshot is renewed every
 * two seconds while it is used, and not believed for longer than four: that is how soon
 * an instance obeys what another one revoked.
 */
@Component
class TokenCache {

    private static final Logger log = LoggerFactory.getLogger(TokenCache.class);

    private static final long RENEWED = Duration.ofSeconds(2).toNanos();

    private static final long BELIEVED = Duration.ofSeconds(4).toNanos();

    /** After a failure the database is not asked again at once by all who wait. */
    private static final long REST = Duration.ofSeconds(1).toNanos();

    private static final Duration USED = Duration.ofMinutes(1);

    private final AccessTokenRepository repository;

    private final BootstrapToken first;

    private final Clock clock;

    private final ReentrantLock loading = new ReentrantLock();

    private volatile @Nullable Snapshot snapshot;

    private volatile @Nullable Failure failure;

    /** How often this instance changed the table; together with the snapshot. */
    private long changes;

    private boolean begun;

    TokenCache(AccessTokenRepository repository, BootstrapToken first, Clock clock) {
        this.repository = repository;
        this.first = first;
        this.clock = clock;
    }

    /**
     * Knows the holder of a token.
     * @throws InvalidBearerTokenException it is none of ours
     * @throws Unavailable the database does not say
     */
    Authentication authenticate(String token) {
        // Compared are hashes: how long that takes tells nothing of a secret.
        Holder holder = current().byHash().get(new Secret(token).hash());
        Instant now = clock.instant();
        if (holder == null || !holder.token().isLive(now)) {
            throw new InvalidBearerTokenException("The token is not known here, or it was revoked or has expired.");
        }
        used(holder, now);
        return holder.authentication();
    }

    /** Whether it is one of ours, as an administrator's may look like any other. */
    boolean have(String token) {
        return current().byHash().containsKey(new Secret(token).hash());
    }

    /** Sees to it that this instance obeys a change of its own at once. */
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
     * @throws Unavailable the database does not say
     */
    Snapshot current() {
        Snapshot known = snapshot;
        if (known != null && known.age() < RENEWED) {
            return known;
        }
        if (loading.tryLock()) {
            return renew(known);
        }
        if (known != null && known.age() < BELIEVED) {
            return known;
        }
        loading.lock();
        return renew(snapshot);
    }

    private Snapshot renew(@Nullable Snapshot known) {
        try {
            if (known != null && known.age() < RENEWED) {
                return known;
            }
            Failure last = failure;
            if (last != null && System.nanoTime() - last.at() < REST) {
                return believed(known, last.cause());
            }
            try {
                return load();
            }
            catch (DataAccessException ex) {
                failure = new Failure(System.nanoTime(), ex);
                return believed(known, ex);
            }
        }
        finally {
            loading.unlock();
        }
    }

    private static Snapshot believed(@Nullable Snapshot known, DataAccessException cause) {
        if (known != null && known.age() < BELIEVED) {
            return known;
        }
        throw new Unavailable("The database does not say who is let in.", cause);
    }

    /**
     * Loads again what was changed meanwhile, or it would be believed for two seconds
     * more.
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
        if (!begun) {
            if (first.ensure(tokens)) {
                tokens = repository.byHash();
            }
            begun = true;
        }
        return tokens.entrySet()
            .stream()
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, (entry) -> Holder.of(entry.getValue())));
    }

    private void used(Holder holder, Instant now) {
        long last = holder.lastUsedAt().get();
        if (now.toEpochMilli() - last >= USED.toMillis()
                && holder.lastUsedAt().compareAndSet(last, now.toEpochMilli())) {
            Thread.startVirtualThread(() -> {
                try {
                    repository.used(holder.token().id(), now);
                }
                catch (DataAccessException ex) {
                    log.debug("The last use of a token was not noted", ex);
                }
            });
        }
    }

    /**
     * The table at a moment.
     *
     * @param at as {@link System#nanoTime}
     */
    record Snapshot(long at, Map<String, Holder> byHash) {

        long age() {
            return System.nanoTime() - at;
        }

    }

    /**
     * A token and what is made of it once for all requests.
     */
    record Holder(AccessToken token, Authentication authentication, AtomicLong lastUsedAt) {

        static Holder of(AccessToken token) {
            Instant used = token.lastUsedAt();
            return new Holder(token,
                    UsernamePasswordAuthenticationToken.authenticated(token.name(), null, token.role().authorities()),
                    new AtomicLong((used != null) ? used.toEpochMilli() : 0));
        }

    }

    private record Failure(long at, DataAccessException cause) {
    }

}
