package dev.dejavu.lease;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.commit.GroupCommit;

/**
 * The table {@code image_lease}, the same on SQLite and PostgreSQL. What has expired is
 * there until it is met or pruned, and counts as long as its holder comes back before
 * that.
 */
@Repository
class LeaseRepository {

    private static final String FIND = "select * from image_lease where hash = ? and overlay = ? order by place";

    /** The primary key decides who is the first. */
    private static final String TAKE = """
            insert into image_lease (hash, overlay, place, token, holder, author, scope, repository, image_uri,
                since, expires_at)
            values (:hash, :overlay, :place, :token, :holder, :author, :scope, :repository, :imageUri,
                :now, :expiresAt)
            on conflict (hash, overlay, place) do update set
                token = excluded.token, holder = excluded.holder, author = excluded.author, since = excluded.since,
                expires_at = excluded.expires_at, waiting_since = null
            where image_lease.expires_at <= excluded.since
            returning token
            """;

    private static final String COUNT = """
            select count(*) from image_lease where coalesce(author, '') = ? and expires_at > ?
            """;

    private static final String WAIT = """
            update image_lease set waiting_since = ?
            where hash = ? and overlay = ? and token = ? and waiting_since is null
            """;

    private static final String RENEW = """
            update image_lease set expires_at = ? where hash = ? and overlay = ? and token = ?
            """;

    private static final String REMOVE = "delete from image_lease where hash = ? and overlay = ?";

    /** Those in overlays are no measure for others. */
    private static final String ADD_BUILD = """
            insert into image_build (repository, built_at, millis)
            select repository, :now, :now - since from image_lease
            where hash = :hash and overlay = '' and expires_at > :now order by place limit 1
            """;

    private static final String NEWEST_BUILDS = """
            select millis from image_build where repository = ? order by built_at desc limit ?
            """;

    private static final String PRUNE = """
            delete from image_lease where (hash, overlay, place) in (
                select hash, overlay, place from image_lease where expires_at between ? and ?
                order by expires_at limit ?)
            returning expires_at
            """;

    /** Of one key at a time. */
    static final int MAX_PLACES = 4;

    private static final Duration BUILDS_KEPT = Duration.ofDays(90);

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final GroupCommit commit;

    private final LeaseProperties properties;

    private final Clock clock;

    LeaseRepository(JdbcClient reader, JdbcClient writer, GroupCommit commit, LeaseProperties properties, Clock clock) {
        this.reader = reader;
        this.writer = writer;
        this.commit = commit;
        this.properties = properties;
        this.clock = clock;
    }

    /**
     * Takes the lease of a key, if there is no live one, or if somebody has been waiting
     * long enough for the last one to be given another one beside it. Else the caller is
     * taken note of as waiting.
     * @param patience how long is long enough; {@code null} for never
     */
    LeaseAttempt attempt(Build build, @Nullable Duration patience) {
        List<Lease> seen = findLive(build.key());
        boolean isWaitedFor = !seen.isEmpty() && seen.getLast().waitingSince() != null;
        if (isWaitedFor && place(seen, clock.millis(), patience).isEmpty()) {
            return LeaseAttempt.failed(seen);
        }
        return write(build.key(), () -> {
            long now = clock.millis();
            List<Lease> all = find(writer, build.key());
            List<Lease> live = all.stream().filter((lease) -> lease.isLiveAt(now)).toList();
            OptionalLong place = place(live, now, patience);
            if (place.isPresent()) {
                if (count(build.author(), now) >= properties.maxPerCaller()) {
                    return LeaseAttempt.tooMuch(live);
                }
                if (live.isEmpty()) {
                    all.stream().filter(Lease::isHedge).forEach((expired) -> remove(build.key(), expired.token()));
                }
                String token = take(build, (int) place.getAsLong(), now);
                live = find(writer, build.key()).stream().filter((lease) -> lease.isLiveAt(now)).toList();
                Lease taken = live.stream().filter((lease) -> lease.token().equals(token)).findFirst().orElse(null);
                if (taken != null) {
                    return new LeaseAttempt(taken, live, false);
                }
            }
            return LeaseAttempt.failed(live.isEmpty() ? live : withWaiting(live, now));
        });
    }

    /** The place that may be taken now, if there is one. */
    private static OptionalLong place(List<Lease> live, long now, @Nullable Duration patience) {
        if (live.isEmpty()) {
            return OptionalLong.of(0);
        }
        Long waitingSince = live.getLast().waitingSince();
        boolean isOverdue = patience != null && waitingSince != null && waitingSince + patience.toMillis() <= now;
        return (isOverdue && live.size() < MAX_PLACES) ? OptionalLong.of(live.getLast().place() + 1L)
                : OptionalLong.empty();
    }

    private long count(@Nullable String author, long now) {
        return writer.sql(COUNT).param((author != null) ? author : "").param(now).query(Long.class).single();
    }

    private @Nullable String take(Build build, int place, long now) {
        return writer.sql(TAKE)
            .param("hash", build.key().hex())
            .param("overlay", build.key().overlay())
            .param("place", place)
            .param("token", UUID.randomUUID().toString())
            .param("holder", build.holder())
            .param("author", build.author())
            .param("scope", build.scope())
            .param("repository", build.repository())
            .param("imageUri", build.imageUri())
            .param("now", now)
            .param("expiresAt", now + properties.ttl().toMillis())
            .query(String.class)
            .optional()
            .orElse(null);
    }

    private List<Lease> withWaiting(List<Lease> live, long now) {
        Lease last = live.getLast();
        if (last.waitingSince() != null) {
            return live;
        }
        writer.sql(WAIT).param(now).param(last.key().hex()).param(last.key().overlay()).param(last.token()).update();
        return find(writer, last.key()).stream().filter((lease) -> lease.isLiveAt(now)).toList();
    }

    /** The live leases of a key, the holder's first. */
    List<Lease> findLive(CacheKey key) {
        long now = clock.millis();
        return find(reader, key).stream().filter((lease) -> lease.isLiveAt(now)).toList();
    }

    private static List<Lease> find(JdbcClient client, CacheKey key) {
        return client.sql(FIND).param(key.hex()).param(key.overlay()).query((row, number) -> lease(row)).list();
    }

    /** All live leases, the oldest first. */
    List<Lease> findAll(int limit) {
        return reader.sql("select * from image_lease where expires_at > ? order by since, hash, overlay, place limit ?")
            .param(clock.millis())
            .param(limit)
            .query((row, number) -> lease(row))
            .list();
    }

    /**
     * Renews a lease, also one that has expired, unless another one was given since.
     * @return empty where it is not there any more
     */
    Optional<Instant> renew(CacheKey key, String token) {
        return write(key, () -> {
            long expiresAt = clock.millis() + properties.ttl().toMillis();
            boolean isRenewed = writer.sql(RENEW)
                .param(expiresAt)
                .param(key.hex())
                .param(key.overlay())
                .param(token)
                .update() > 0;
            return isRenewed ? Optional.of(Instant.ofEpochMilli(expiresAt)) : Optional.empty();
        });
    }

    /**
     * Removes one lease of a key.
     * @return it, if it was there
     */
    Optional<Lease> giveBack(CacheKey key, String token) {
        return write(key, () -> {
            Optional<Lease> lease = find(writer, key).stream().filter((one) -> one.token().equals(token)).findFirst();
            lease.ifPresent((one) -> remove(key, token));
            return lease;
        });
    }

    private void remove(CacheKey key, String token) {
        writer.sql(REMOVE + " and token = ?").param(key.hex()).param(key.overlay()).param(token).update();
    }

    /**
     * Removes all leases of a key.
     * @param isBuilt whether its image was built under them: how long that took is kept
     */
    int removeAll(CacheKey key, boolean isBuilt) {
        return write(key, () -> {
            if (isBuilt && key.isInBase()) {
                addBuild(key, clock.millis());
            }
            return writer.sql(REMOVE).param(key.hex()).param(key.overlay()).update();
        });
    }

    private void addBuild(CacheKey key, long now) {
        if (writer.sql(ADD_BUILD).param("hash", key.hex()).param("now", now).update() > 0) {
            writer.sql("delete from image_build where built_at < ?").param(now - BUILDS_KEPT.toMillis()).update();
        }
    }

    /** How long the newest builds of a repository took. */
    List<Duration> newestBuilds(String repositoryName, int limit) {
        return reader.sql(NEWEST_BUILDS)
            .param(repositoryName)
            .param(limit)
            .query((row, number) -> Duration.ofMillis(row.getLong(1)))
            .list();
    }

    /** Removes some that expired in a time. */
    List<Long> prune(long from, long to, int limit) {
        return commit.writeAlone("leases",
                () -> writer.sql(PRUNE)
                    .param(from)
                    .param(to)
                    .param(limit)
                    .query((row, number) -> row.getLong(1))
                    .list());
    }

    /** Behind the writes of entries, whose names are hex: two of them cannot deadlock. */
    private <T> T write(CacheKey key, Supplier<T> statements) {
        return commit.write("lease " + key, statements);
    }

    private static Lease lease(ResultSet row) throws SQLException {
        long waitingSince = row.getLong("waiting_since");
        boolean nobodyWaits = row.wasNull();
        Build build = new Build(new CacheKey(row.getString("hash"), row.getString("overlay")), row.getString("scope"),
                row.getString("repository"), row.getString("image_uri"), row.getString("holder"),
                row.getString("author"));
        return new Lease(build, row.getInt("place"), Objects.requireNonNull(row.getString("token")),
                Instant.ofEpochMilli(row.getLong("since")), Instant.ofEpochMilli(row.getLong("expires_at")),
                nobodyWaits ? null : waitingSince);
    }

}
