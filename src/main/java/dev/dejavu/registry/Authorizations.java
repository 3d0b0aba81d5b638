package dev.dejavu.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Keeps authorizations for as long as they may be used. Whatever needs the same one at
 * once, and at the same time, waits for one that is made once.
 */
final class Authorizations {

    /** Characters of all of them. */
    private static final int MAX_WEIGHT = 16 << 20;

    private final Cache<Key, Authorization> known;

    private final Map<Key, CompletableFuture<Authorization>> inFlight = new ConcurrentHashMap<>();

    Authorizations(Clock clock) {
        this.known = Caffeine.newBuilder()
            .maximumWeight(MAX_WEIGHT)
            .weigher((Key key, Authorization value) -> 500 + value.value().length())
            .ticker(ticker(clock))
            .expireAfter(Expiry.creating((Key key, Authorization value) -> value.lifetime()))
            .build();
    }

    /** The time of a clock, for caches that forget by it. */
    static Ticker ticker(Clock clock) {
        return () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
    }

    /**
     * What an authorization is for, and what it was made from.
     *
     * @param login {@code null} for that of a stranger
     */
    record Key(String repository, @Nullable Credentials login) {
    }

    /**
     * Makes an authorization.
     */
    interface Source {

        Authorization get() throws IOException;

    }

    @Nullable Authorization find(Key key) {
        return known.getIfPresent(key);
    }

    /** Forgets what was refused. */
    void drop(Key key, Authorization refused) {
        known.asMap().remove(key, refused);
    }

    /**
     * The known authorization, or that which another thread is making, or a new one.
     * Whoever waits for a thread that is interrupted makes one instead.
     * @throws IOException when there is none, for all who wait
     */
    Authorization get(Key key, Source source) throws IOException {
        while (true) {
            CompletableFuture<Authorization> mine = new CompletableFuture<>();
            CompletableFuture<Authorization> others = inFlight.putIfAbsent(key, mine);
            if (others == null) {
                return make(key, source, mine);
            }
            try {
                return await(others);
            }
            catch (CancellationException ex) {
                // Its thread made none, and said nothing about why there is none.
            }
        }
    }

    private Authorization make(Key key, Source source, CompletableFuture<Authorization> mine) throws IOException {
        try {
            Authorization authorization = known.getIfPresent(key);
            if (authorization == null) {
                authorization = source.get();
                known.put(key, authorization);
            }
            mine.complete(authorization);
            return authorization;
        }
        catch (IOException ex) {
            if (!Thread.currentThread().isInterrupted()) {
                mine.completeExceptionally(ex);
            }
            throw ex;
        }
        finally {
            inFlight.remove(key);
            mine.cancel(false);
        }
    }

    private static Authorization await(CompletableFuture<Authorization> others) throws IOException {
        try {
            return others.get();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("no authorization in time");
        }
        catch (ExecutionException ex) {
            throw (ex.getCause() instanceof RegistryException reason) ? reason
                    : new IOException("no authorization", ex);
        }
    }

}
