-- A watermark is told with the lowest of its numbers that are pending.
create or replace function dejavu_notify_watermark() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu_watermarks', concat_ws(' ', new.repository, '/' || new.subject, new.deleted_number,
        new.moved_number, new.pushed_number, coalesce(new.pushed_digest, '-'), new.latest_number,
        coalesce(least(nullif(new.deleted_pending, 0), nullif(new.moved_pending, 0), nullif(new.pushed_pending, 0)), 0),
        new.raised_at));
    return null;
end $$;
