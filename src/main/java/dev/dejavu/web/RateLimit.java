package dev.dejavu.web;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The rate limit of one kind of request: each caller has a token bucket.
 */
final class RateLimit {

    private static final int MAX_CALLERS = 10_000;

    private final @Nullable LoadingCache<String, Bucket> buckets;

    /**
     * A rate limit.
     * @param perSecond requests in the long run; 0 for no limit
     * @param burst requests at once, after a pause
     */
    RateLimit(int perSecond, int burst, TimeMeter time) {
        this.buckets = (perSecond > 0) ? Caffeine.newBuilder()
            .maximumSize(MAX_CALLERS)
            // by then it is full, as a new one
            .expireAfterAccess(Duration.ofSeconds(burst / perSecond + 1L))
            .build((caller) -> bucket(perSecond, burst, time)) : null;
    }

    private static Bucket bucket(int perSecond, int burst, TimeMeter time) {
        return Bucket.builder()
            .addLimit((limit) -> limit.capacity(burst).refillGreedy(perSecond, Duration.ofSeconds(1)))
            .withCustomTimePrecision(time)
            .build();
    }

    /**
     * Counts a request.
     * @throws ProblemException {@link Problem#TOO_MANY_REQUESTS}
     */
    void require(String caller) {
        if (buckets == null) {
            return;
        }
        ConsumptionProbe probe = buckets.get(caller).tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            Duration wait = Duration.ofNanos(probe.getNanosToWaitForRefill());
            throw new ProblemException(Problem.TOO_MANY_REQUESTS,
                    "This caller sends more requests than it may. Go on without the cache.",
                    Duration.ofSeconds(wait.plusNanos(999_999_999).toSeconds()));
        }
    }

}
