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

    private static final String NEXT = """
            insert into registry_counter (name, number) values ('events', 1)
            on conflict (name) do update set number = registry_counter.number + 1 returning number
            """;

    private static final String LOCK = "select number from registry_counter where name = 'events' ";

    /** What is zero or null is left as it is. */
    private static final String RAISE = """
            insert into registry_watermark (repository, subject, deleted_number, moved_number, pushed_number, pushed_digest,
                latest_number, settled_number, raised_at)
            values (:repository, :subject, :deleted, :moved, :pushed, :pushedDigest, :number, :settled, :now)
            on conflict (repository, subject) do update set
                deleted_number = case when excluded.deleted_number > 0 then excluded.deleted_number
                    else registry_watermark.deleted_number end,
                moved_number = case when excluded.moved_number > 0 then excluded.moved_number
                    when excluded.pushed_digest <> registry_watermark.pushed_digest
                        and registry_watermark.pushed_number > registry_watermark.moved_number
                        then registry_watermark.pushed_number
                    else registry_watermark.moved_number end,
                pushed_number = case when excluded.pushed_number > 0 then excluded.pushed_number
                    else registry_watermark.pushed_number end,
                pushed_digest = coalesce(excluded.pushed_digest, registry_watermark.pushed_digest),
                latest_number = excluded.latest_number,
                settled_number = case when excluded.settled_number > 0 then excluded.settled_number
                    else registry_watermark.settled_number end,
                raised_at = excluded.raised_at
            """;

    private static final String PENDING = """
            where latest_number between :from and :upTo and latest_number > settled_number
            """;

    static final String FIND_PENDING = "select 1 from registry_watermark " + PENDING + "limit 1";

    private static final String RAISE_AGAIN = """
            update registry_watermark set
                deleted_number = case when deleted_number > settled_number then :number else deleted_number end,
                moved_number = case when moved_number > settled_number then :number else moved_number end,
                pushed_number = case when pushed_number > settled_number then :number else pushed_number end,
                latest_number = :number, settled_number = :number, raised_at = :now
            """ + PENDING;

    static final String RAISED_AFTER = """
            select counter.number, raised.* from registry_counter counter
            left join registry_watermark raised on raised.latest_number > :number where counter.name = 'events'
            """;

    private static final String MIDDLE = """
            select latest_number from registry_watermark where repository = ? and subject <> ''
            order by latest_number desc limit 1 offset (select count(*) / 2 from registry_watermark where repository = ?)
            """;

    static final String PRUNE = """
            with expired as materialized (
                select repository, subject from registry_watermark where raised_at between :from and :cutoff
                order by raised_at limit :limit)
            delete from registry_watermark where (repository, subject) in (select repository, subject from expired)
            returning raised_at
            """;

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
        return writing(NEXT).query(Long.class).single();
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
        writing(RAISE).params(parameters)
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
            .sql(FIND_PENDING)
            .param("from", from)
            .param("upTo", upTo)
            .query()
            .listOfRows()
            .isEmpty()) {
            return List.of();
        }
        return commit.write(COMMIT_KEY, () -> {
            long number = nextInGroup();
            writing(RAISE_AGAIN).param("number", number)
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
            .sql(RAISED_AFTER)
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
            Optional<Long> middle = writing(MIDDLE).param(repository).param(repository).query(Long.class).optional();
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
            writing(LOCK + database.rowLock()).query().listOfRows();
            return writing(PRUNE).param("from", from)
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
