package dev.dejavu.cache;

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
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * The medians of the newest costs in the base, up to five minutes old.
 */
@Component
public class MedianCosts {

    /** An odd number: one of them is the median. */
    private static final int SAMPLE = 101;

    private static final Duration MAX_AGE = Duration.ofMinutes(5);

    private static final int MAX_MEDIANS = 10_000;

    private final Map<String, Cache<?>> caches;

    private final LoadingCache<Subject, Optional<Cost>> medians;

    MedianCosts(List<Cache<?>> caches, Clock clock) {
        this.caches = caches.stream().collect(Collectors.toUnmodifiableMap(Cache::name, Function.identity()));
        this.medians = Caffeine.newBuilder()
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .expireAfterWrite(MAX_AGE)
            .maximumSize(MAX_MEDIANS)
            .executor(Runnable::run)
            .build(this::median);
    }

    /** That of a repository; empty where no entry of it has a cost. */
    public Optional<Cost> ofRepository(String cache, String repository) {
        return medians.get(new Subject(cache, repository));
    }

    /** That of a whole cache. */
    public Optional<Cost> ofCache(String cache) {
        return medians.get(new Subject(cache, null));
    }

    private Optional<Cost> median(Subject subject) {
        Cache<?> cache = caches.get(subject.cache());
        if (cache == null) {
            return Optional.empty();
        }
        List<Cost> costs = cache.newestCosts(subject.repository(), SAMPLE);
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
     * @param repository {@code null} for all
     */
    private record Subject(String cache, @Nullable String repository) {
    }

}
