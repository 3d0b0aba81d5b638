package dev.dejavu.metrics;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.cache.CacheRepository;

/**
 * The numbers of this instance, for people.
 */
@RestController
class StatsController {

    private final List<CacheRepository<?>> repositories;

    private final CacheMetrics metrics;

    StatsController(List<CacheRepository<?>> repositories, CacheMetrics metrics) {
        this.repositories = repositories;
        this.metrics = metrics;
    }

    @GetMapping(path = "/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    Map<String, Stats> stats() {
        return repositories.stream().collect(Collectors.toMap(CacheRepository::name, this::stats));
    }

    private Stats stats(CacheRepository<?> repository) {
        CacheMetrics.Counters counters = metrics.of(repository.name());
        return new Stats(repository.count(), (long) counters.hits().count(), (long) counters.misses().count(),
                (long) counters.writes().count(), (long) counters.pruned().count());
    }

    /**
     * The numbers of one cache.
     *
     * @param entries live now, in the database that all instances share
     * @param hits keys found, since this instance's start
     * @param misses keys not found, likewise
     * @param writes entries stored, likewise
     * @param pruned expired rows thrown away, likewise
     */
    record Stats(long entries, long hits, long misses, long writes, long pruned) {
    }

}
