package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.Watermark;
import dev.dejavu.cache.WatermarkTable;
import dev.dejavu.commit.GroupCommit;

/**
 * The tables {@code registry_watermark} and {@code registry_counter}. Every change locks
 * the counter first, so none of them can deadlock, and who has a higher number commits
 * later.
 */
class WatermarkRepository implements WatermarkTable {

    /** Events of one transaction, so that none is long. */
    private static final int MAX_EVENTS = 100;

    private static final String COMMIT_KEY = "events";

    private final CacheDatabase database;

    private final GroupCommit commit;

    private final Clock clock;

    WatermarkRepository(CacheDatabase database, GroupCommit commit, Clock clock) {
        this.database = database;
        this.commit = commit;
        this.clock = clock;
    }

    @Override
    public long next() {
        return commit.write(COMMIT_KEY, this::nextInGroup);
    }

    private long nextInGroup() {
        return writing(WatermarkSql.NEXT).query(Long.class).single();
    }

    @Override
    public List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain) {
        List<Watermark> raised = new ArrayList<>();
        for (int from = 0; from < events.size(); from += MAX_EVENTS) {
            List<RegistryEvent> some = events.subList(from, Math.min(from + MAX_EVENTS, events.size()));
            raised.addAll(commit.write(COMMIT_KEY, () -> raiseInGroup(some, isRaisedAgain)));
        }
        return raised;
    }

    private List<Watermark> raiseInGroup(List<RegistryEvent> events, boolean isRaisedAgain) {
        long number = nextInGroup();
        for (RegistryEvent event : events) {
            String tag = event.tag();
            String digest = event.digest();
            long settled = isRaisedAgain ? 0 : number;
            if (event.kind() == RegistryEvent.Kind.PUSH) {
                raise(event.repository(), Watermark.WHOLE, Map.of("pushed", number), number, settled);
                if (tag != null) {
                    raise(event.repository(), Watermark.tag(tag), (digest != null)
                            ? Map.of("pushed", number, "pushedDigest", digest) : Map.of("moved", number), number,
                            settled);
                }
            }
            else {
                raise(event.repository(),
                        (digest != null) ? Watermark.digest(digest)
                                : (tag != null) ? Watermark.tag(tag) : Watermark.WHOLE,
                        Map.of("deleted", number), number, settled);
            }
        }
        return raisedAt(number);
    }

    private void raise(String repository, String subject, Map<String, ?> change, long number, long settled) {
        Map<String, @Nullable Object> parameters = new HashMap<>(Map.of("deleted", 0L, "moved", 0L, "pushed", 0L));
        parameters.put("pushedDigest", null);
        parameters.putAll(change);
        writing(WatermarkSql.RAISE).params(parameters)
            .param("repository", repository)
            .param("subject", subject)
            .param("number", number)
            .param("settled", settled)
            .param("now", clock.millis())
            .update();
    }

    private List<Watermark> raisedAt(long number) {
        return writing("select * from registry_watermark where latest_number = ?").param(number)
            .query((row, index) -> watermark(row))
            .list();
    }

    @Override
    public List<Watermark> raiseAgain(long from, long upTo) {
        if (database.reader()
            .sql(WatermarkSql.FIND_PENDING)
            .param("from", from)
            .param("upTo", upTo)
            .query()
            .listOfRows()
            .isEmpty()) {
            return List.of();
        }
        return commit.write(COMMIT_KEY, () -> {
            long number = nextInGroup();
            writing(WatermarkSql.RAISE_AGAIN).param("number", number)
                .param("now", clock.millis())
                .param("from", from)
                .param("upTo", upTo)
                .update();
            return raisedAt(number);
        });
    }

    @Override
    public Raised findRaisedAfter(long number) {
        AtomicLong last = new AtomicLong();
        List<Optional<Watermark>> rows = database.reader()
            .sql(WatermarkSql.RAISED_AFTER)
            .param("number", number)
            .query((row, index) -> {
                last.set(row.getLong("number"));
                return (row.getString("repository") != null) ? Optional.of(watermark(row))
                        : Optional.<Watermark>empty();
            })
            .list();
        return new Raised(last.get(), rows.stream().flatMap(Optional::stream).toList());
    }

    @Override
    public List<Watermark> fold(String repository) {
        return commit.write(COMMIT_KEY, () -> {
            long number = nextInGroup();
            Optional<Long> middle = writing(WatermarkSql.MIDDLE).param(repository)
                .param(repository)
                .query(Long.class)
                .optional();
            middle.ifPresent((folded) -> {
                long deleted = writing("select coalesce(max(deleted_number), 0) from registry_watermark"
                        + " where repository = ? and subject = ''")
                    .param(repository)
                    .query(Long.class)
                    .single();
                raise(repository, Watermark.WHOLE, Map.of("deleted", Math.max(deleted, folded)), number, number);
                writing("delete from registry_watermark where repository = ? and subject <> '' and latest_number <= ?")
                    .param(repository)
                    .param(folded)
                    .update();
            });
            return raisedAt(number);
        });
    }

    @Override
    public List<Long> prune(Instant raisedBefore, long from, int limit) {
        return commit.write(COMMIT_KEY, () -> {
            writing(WatermarkSql.LOCK + database.rowLock()).query().listOfRows();
            return writing(WatermarkSql.PRUNE).param("from", from)
                .param("cutoff", raisedBefore.toEpochMilli())
                .param("limit", limit)
                .query(Long.class)
                .list();
        });
    }

    private JdbcClient.StatementSpec writing(String sql) {
        return database.writer().sql(sql);
    }

    private static Watermark watermark(ResultSet row) throws SQLException {
        return new Watermark(row.getString("repository"), row.getString("subject"), row.getLong("deleted_number"),
                row.getLong("moved_number"), row.getLong("pushed_number"), row.getString("pushed_digest"),
                row.getLong("latest_number"), row.getLong("settled_number"),
                Instant.ofEpochMilli(row.getLong("raised_at")));
    }

}
