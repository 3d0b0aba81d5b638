package dev.dejavu.savings;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.Cost;

/**
 * What hits of entries without a cost saved: the median of the newest costs of the same
 * repository, else of the cache.
 */
@Component
class CostEstimates {

    /** An odd number: one of them is the median. */
    private static final int SAMPLE = 101;

    private static final Duration MAX_AGE = Duration.ofMinutes(5);

    private static final int MAX_ESTIMATES = 10_000;

    private final Map<String, Cache<?>> caches;

    private final LoadingCache<Subject, Optional<Cost>> medians;

    CostEstimates(List<Cache<?>> caches, Clock clock) {
        this.caches = caches.stream().collect(Collectors.toUnmodifiableMap(Cache::name, Function.identity()));
        this.medians = Caffeine.newBuilder()
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .expireAfterWrite(MAX_AGE)
            .maximumSize(MAX_ESTIMATES)
            .executor(Runnable::run)
            .build(this::median);
    }

    /** The same row, with estimates of what its unpriced hits saved, if there are any. */
    LedgerRow estimate(LedgerRow row) {
        if (row.amounts().unpricedHits() == 0) {
            return row;
        }
        return find(row.key()).map((cost) -> new LedgerRow(row.key(), row.amounts().estimated(cost))).orElse(row);
    }

    private Optional<Cost> find(LedgerKey key) {
        Optional<Cost> ofRepository = key.repository().isEmpty() ? Optional.empty()
                : medians.get(new Subject(key.cache(), key.repository()));
        return ofRepository.isPresent() ? ofRepository : medians.get(new Subject(key.cache(), ""));
    }

    private Optional<Cost> median(Subject subject) {
        Cache<?> cache = caches.get(subject.cache());
        if (cache == null) {
            return Optional.empty();
        }
        List<Cost> costs = cache.newestCosts(subject.repository().isEmpty() ? null : subject.repository(), SAMPLE);
        if (costs.isEmpty()) {
            return Optional.empty();
        }
        List<Double> seconds = costs.stream().map(Cost::seconds).sorted().toList();
        List<Long> bytes = costs.stream().map(Cost::bytes).filter(Objects::nonNull).sorted().toList();
        return Optional
            .of(new Cost(seconds.get(seconds.size() / 2), bytes.isEmpty() ? null : bytes.get(bytes.size() / 2)));
    }

    /**
     * Of what there is a median.
     *
     * @param repository empty for all
     */
    private record Subject(String cache, String repository) {
    }

}
