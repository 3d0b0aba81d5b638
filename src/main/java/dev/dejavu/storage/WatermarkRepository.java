package dev.dejavu.storage;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.Watermark;
import dev.dejavu.cache.WatermarkTable;
import dev.dejavu.commit.GroupCommit;

/**
 * The tables {@code registry_watermark} and {@code registry_counter}. Every change that
 * takes a number locks the counter first, so none of them can deadlock, and who has a
 * higher number commits later.
 */
class WatermarkRepository implements WatermarkTable {

    /** Events of one transaction, so that none is long. */
    private static final int MAX_EVENTS = 100;

    /** Of one statement: many take longer than a statement may. */
    private static final int PAGE_SIZE = 1000;

    private static final String COMMIT_KEY = "events";

    private final CacheDatabase database;

    private final GroupCommit commit;

    private final TransactionOperations transaction;

    private final Clock clock;

    /**
     * A repository.
     * @param commit of events
     * @param transaction of what no event waits for
     */
    WatermarkRepository(CacheDatabase database, GroupCommit commit, TransactionOperations transaction, Clock clock) {
        this.database = database;
        this.commit = commit;
        this.transaction = transaction;
        this.clock = clock;
    }

    @Override
    public long next(long known) {
        return commit.write(COMMIT_KEY, () -> nextInTransaction(known));
    }

    private long nextInTransaction(long known) {
        return writing(WatermarkSql.NEXT).param("known", known).query(Long.class).single();
    }

    @Override
    public List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain, long known) {
        List<Watermark> raised = new ArrayList<>();
        for (int from = 0; from < events.size(); from += MAX_EVENTS) {
            List<RegistryEvent> some = events.subList(from, Math.min(from + MAX_EVENTS, events.size()));
            raised.addAll(commit.write(COMMIT_KEY, () -> raiseInGroup(some, isRaisedAgain, known)));
        }
        return raised;
    }

    private List<Watermark> raiseInGroup(List<RegistryEvent> events, boolean isRaisedAgain, long known) {
        long number = nextInTransaction(known);
        long again = isRaisedAgain ? 1 : 0;
        for (RegistryEvent event : events) {
            String tag = event.tag();
            String digest = event.digest();
            if (event.kind() == RegistryEvent.Kind.PUSH) {
                raise(event.repository(), Watermark.WHOLE, Map.of("pushed", number), number, again);
                if (tag != null) {
                    raise(event.repository(), Watermark.tag(tag), (digest != null)
                            ? Map.of("pushed", number, "pushedDigest", digest) : Map.of("moved", number), number,
                            again);
                }
            }
            else {
                raise(event.repository(),
                        (digest != null) ? Watermark.digest(digest)
                                : (tag != null) ? Watermark.tag(tag) : Watermark.WHOLE,
                        Map.of("deleted", number), number, again);
            }
        }
        return raisedAt(number);
    }

    private void raise(String repository, String subject, Map<String, ?> change, long number, long again) {
        Map<String, @Nullable Object> parameters = new HashMap<>(Map.of("deleted", 0L, "moved", 0L, "pushed", 0L));
        parameters.put("pushedDigest", null);
        parameters.putAll(change);
        writing(WatermarkSql.RAISE).params(parameters)
            .param("repository", repository)
            .param("subject", subject)
            .param("number", number)
            .param("again", again)
            .param("now", clock.millis())
            .update();
    }

    private List<Watermark> raisedAt(long number) {
        return writing("select * from registry_watermark where latest_number = ?").param(number)
            .query((row, index) -> watermark(row))
            .list();
    }

    @Override
    public List<Watermark> raiseAgain(long from, long upTo, long known) {
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
            long number = nextInTransaction(known);
            writing(WatermarkSql.RAISE_AGAIN).param("number", number)
                .param("now", clock.millis())
                .param("from", from)
                .param("upTo", upTo)
                .update();
            return raisedAt(number);
        });
    }

    /**
     * What is raised meanwhile only moves to later pages, as numbers rise; and what has a
     * number that was given before was committed before.
     */
    @Override
    public Raised findRaisedAfter(long number) {
        long last = database.reader().sql(WatermarkSql.LAST).query(Long.class).optional().orElse(0L);
        List<Watermark> raised = new ArrayList<>();
        if (last > number) {
            List<Watermark> page = page(number + 1, "", "");
            raised.addAll(page);
            while (page.size() == PAGE_SIZE) {
                Watermark end = page.getLast();
                page = page(end.latest(), end.repository(), end.subject());
                raised.addAll(page);
            }
        }
        return new Raised(last, raised);
    }

    private List<Watermark> page(long number, String repository, String subject) {
        return database.reader()
            .sql(WatermarkSql.PAGE)
            .param("number", number)
            .param("repository", repository)
            .param("subject", subject)
            .param("limit", PAGE_SIZE)
            .query((row, index) -> watermark(row))
            .list();
    }

    @Override
    public List<Watermark> fold(String repository, int limit, long known) {
        return Objects.requireNonNull(transaction.execute((status) -> foldInTransaction(repository, limit, known)));
    }

    private List<Watermark> foldInTransaction(String repository, int limit, long known) {
        long number = nextInTransaction(known);
        String which = repository.equals(Watermark.EVERYTHING) ? WatermarkSql.OF_ALL : WatermarkSql.OF_REPOSITORY;
        long pending = writing(WatermarkSql.FIRST_PENDING).query(Long.class).optional().orElse(number);
        Optional<Long> upTo = writing(WatermarkSql.OLDEST.replace("{which}", which)).param("repository", repository)
            .param("before", pending)
            .param("limit", limit)
            .query(Long.class)
            .optional();
        if (upTo.isEmpty()) {
            return List.of();
        }
        List<Long> deleted = writing(WatermarkSql.DELETE_OLDEST.replace("{which}", which))
            .param("repository", repository)
            .param("upTo", upTo.get())
            .query((row, index) -> row.getLong(1))
            .list();
        writing(WatermarkSql.FOLD).param("repository", repository)
            .param("deleted", Collections.max(deleted))
            .param("upTo", upTo.get())
            .param("number", number)
            .param("now", clock.millis())
            .update();
        return raisedAt(number);
    }

    @Override
    public List<Long> prune(Instant raisedBefore, long from, int limit) {
        String lock = database.rowLock().isEmpty() ? "" : database.rowLock() + " skip locked";
        return writing(WatermarkSql.PRUNE.replace("{lock}", lock)).param("from", from)
            .param("cutoff", raisedBefore.toEpochMilli())
            .param("limit", limit)
            .query((row, index) -> row.getLong(1))
            .list();
    }

    private JdbcClient.StatementSpec writing(String sql) {
        return database.writer().sql(sql);
    }

    private static Watermark watermark(ResultSet row) throws SQLException {
        long pending = LongStream
            .of(row.getLong("deleted_pending"), row.getLong("moved_pending"), row.getLong("pushed_pending"))
            .filter((number) -> number > 0)
            .min()
            .orElse(0);
        return new Watermark(row.getString("repository"), row.getString("subject"), row.getLong("deleted_number"),
                row.getLong("moved_number"), row.getLong("pushed_number"), row.getString("pushed_digest"),
                row.getLong("latest_number"), pending, Instant.ofEpochMilli(row.getLong("raised_at")));
    }

}
