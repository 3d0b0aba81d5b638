package dev.dejavu.storage;

/**
 * The statements of {@link WatermarkRepository}, the same for SQLite and PostgreSQL.
 */
final class WatermarkSql {

    static final String NEXT = """
            insert into registry_counter (name, number) values ('events', 1)
            on conflict (name) do update set number = registry_counter.number + 1 returning number
            """;

    static final String LOCK = "select number from registry_counter where name = 'events' ";

    /** What is zero or null is left as it is. */
    static final String RAISE = """
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

    static final String PENDING = """
            where latest_number between :from and :upTo and latest_number > settled_number
            """;

    static final String FIND_PENDING = "select 1 from registry_watermark " + PENDING + "limit 1";

    static final String RAISE_AGAIN = """
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

    static final String MIDDLE = """
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

    private WatermarkSql() {
    }

}
