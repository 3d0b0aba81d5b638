package dev.dejavu.storage;

import java.time.Duration;

import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.TimeToLive;

/**
 * The table {@code announced_ttl}: how long the instances that live, or lived a day ago,
 * serve the entries of a cache. Nothing is known of the instances themselves.
 */
class AnnouncedTtl {

    private static final long MAX_AGE = Duration.ofDays(1).toMillis();

    private static final String ANNOUNCE = """
            insert into announced_ttl (cache, ttl, overlay_ttl, announced_at)
            values (:cache, :ttl, :overlayTtl, :now)
            on conflict (cache, ttl, overlay_ttl) do update set announced_at = excluded.announced_at
            """;

    private static final String LONGEST = """
            select coalesce(max({ttl}), 0) from announced_ttl where cache = :cache and announced_at > :since
            """;

    private final JdbcClient writer;

    private final String cache;

    private final TimeToLive timeToLive;

    AnnouncedTtl(JdbcClient writer, String cache, TimeToLive timeToLive) {
        this.writer = writer;
        this.cache = cache;
        this.timeToLive = timeToLive;
    }

    /** Announces the TTLs of this instance. */
    void announce() {
        writer.sql(ANNOUNCE)
            .param("cache", cache)
            .param("ttl", timeToLive.ttl().toMillis())
            .param("overlayTtl", timeToLive.overlayTtl().toMillis())
            .param("now", timeToLive.clock().millis())
            .update();
    }

    /**
     * The newest creation time of an entry that has expired for all instances.
     * @return epoch milliseconds
     */
    long cutoff() {
        return cutoff("ttl", timeToLive.ttl());
    }

    /** The same of an entry in an overlay. */
    long overlayCutoff() {
        return cutoff("overlay_ttl", timeToLive.overlayTtl());
    }

    private long cutoff(String column, Duration own) {
        long now = timeToLive.clock().millis();
        long longest = writer.sql(LONGEST.replace("{ttl}", column))
            .param("cache", cache)
            .param("since", now - MAX_AGE)
            .query(Long.class)
            .single();
        return now - Math.max(longest, own.toMillis());
    }

}
