package dev.dejavu.storage;

/**
 * The statements of {@link WatermarkRepository}, the same for SQLite and PostgreSQL.
 */
final class WatermarkSql {

    static final String NEXT = """
            insert into registry_counter (name, number) values ('events', :known + 1)
            on conflict (name) do update set
                number = case when registry_counter.number > :known then registry_counter.number else :known end + 1
            returning number
            """;

    static final String LAST = "select number from registry_counter where name = 'events'";

    /** What is zero or null is left as it is. */
    static final String RAISE = """
            insert into registry_watermark (repository, subject, deleted_number, deleted_pending, moved_number, moved_pending,
                pushed_number, pushed_pending, pushed_digest, latest_number, raised_at)
            values (:repository, :subject, :deleted, :deleted * :again, :moved, :moved * :again,
                :pushed, :pushed * :again, :pushedDigest, :number, :now)
            on conflict (repository, subject) do update set
                deleted_number = case when excluded.deleted_number > 0 then excluded.deleted_number
                    else registry_watermark.deleted_number end,
                deleted_pending = case when excluded.deleted_number > 0 then excluded.deleted_pending
                    else registry_watermark.deleted_pending end,
                moved_number = case when excluded.moved_number > 0 then excluded.moved_number
                    when {isOtherPushed} then registry_watermark.pushed_number
                    else registry_watermark.moved_number end,
                moved_pending = case when excluded.moved_number > 0 then excluded.moved_pending
                    when {isOtherPushed} and registry_watermark.pushed_pending > 0 then registry_watermark.pushed_pending
                    else registry_watermark.moved_pending end,
                pushed_number = case when excluded.pushed_number > 0 then excluded.pushed_number
                    else registry_watermark.pushed_number end,
                pushed_pending = case when excluded.pushed_number > 0 then excluded.pushed_pending
                    else registry_watermark.pushed_pending end,
                pushed_digest = coalesce(excluded.pushed_digest, registry_watermark.pushed_digest),
                latest_number = excluded.latest_number,
                raised_at = excluded.raised_at
            """
        .replace("{isOtherPushed}", """
                excluded.pushed_digest <> registry_watermark.pushed_digest
                        and registry_watermark.pushed_number > registry_watermark.moved_number""");

    /** As the index has it. */
    private static final String IS_PENDING = "(deleted_pending > 0 or moved_pending > 0 or pushed_pending > 0)";

    private static final String PENDING_IN_RANGE = """
            where %s and (deleted_pending between :from and :upTo or moved_pending between :from and :upTo
                or pushed_pending between :from and :upTo)
            """.formatted(IS_PENDING);

    static final String FIND_PENDING = "select 1 from registry_watermark " + PENDING_IN_RANGE + "limit 1";

    static final String RAISE_AGAIN = """
            update registry_watermark set
                deleted_number = case when deleted_pending between :from and :upTo then :number else deleted_number end,
                moved_number = case when moved_pending between :from and :upTo then :number else moved_number end,
                pushed_number = case when pushed_pending between :from and :upTo then :number else pushed_number end,
                deleted_pending = case when deleted_pending between :from and :upTo then 0 else deleted_pending end,
                moved_pending = case when moved_pending between :from and :upTo then 0 else moved_pending end,
                pushed_pending = case when pushed_pending between :from and :upTo then 0 else pushed_pending end,
                latest_number = :number, raised_at = :now
            """ + PENDING_IN_RANGE;

    static final String PAGE = """
            select * from registry_watermark
            where (latest_number, repository, subject) > (:number, :repository, :subject)
            order by latest_number, repository, subject limit :limit
            """;

    static final String FIRST_PENDING = "select min(latest_number) from registry_watermark where " + IS_PENDING;

    static final String OF_REPOSITORY = "repository = :repository and subject <> ''";

    static final String OF_ALL = "repository <> :repository";

    /** The latest number of the oldest ones. */
    static final String OLDEST = """
            select max(latest_number) from (
                select latest_number from registry_watermark where {which} and latest_number < :before
                order by latest_number limit :limit) oldest
            """;

    static final String DELETE_OLDEST = """
            delete from registry_watermark where {which} and latest_number <= :upTo returning deleted_number
            """;

    /** Leaves what is pending. */
    static final String FOLD = """
            insert into registry_watermark (repository, subject, deleted_number, moved_number, pushed_number, latest_number,
                raised_at)
            values (:repository, '', :deleted, :upTo, 0, :number, :now)
            on conflict (repository, subject) do update set
                deleted_number = case when excluded.deleted_number > registry_watermark.deleted_number
                    then excluded.deleted_number else registry_watermark.deleted_number end,
                moved_number = case when excluded.moved_number > registry_watermark.moved_number
                    then excluded.moved_number else registry_watermark.moved_number end,
                latest_number = excluded.latest_number, raised_at = excluded.raised_at
            """;

    /** Passes by what is being raised: so it waits for nobody, who may wait for it. */
    static final String PRUNE = """
            with expired as materialized (
                select repository, subject from registry_watermark where raised_at between :from and :cutoff
                order by raised_at limit :limit {lock})
            delete from registry_watermark where (repository, subject) in (select repository, subject from expired)
            returning raised_at
            """;

    private WatermarkSql() {
    }

}
