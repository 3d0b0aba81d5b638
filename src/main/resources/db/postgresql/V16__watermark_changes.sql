-- Watermarks are told as whole rows, in the order of their numbers. Names and digests have no spaces.
create function dejavu_notify_watermark() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu_watermarks', concat_ws(' ', new.repository, '/' || new.subject, new.deleted_number,
        new.moved_number, new.pushed_number, coalesce(new.pushed_digest, '-'), new.latest_number, new.settled_number,
        new.raised_at));
    return null;
end $$;

create trigger registry_watermark_raised after insert or update on registry_watermark
    for each row execute function dejavu_notify_watermark();

-- A deletion is told with a minus before the name of the cache: it ends no absence.
create or replace function dejavu_notify_removed() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', '-' || tg_argv[0] || ' ' || string_agg(key, ' '))
        from (select (to_jsonb(removed) ->> tg_argv[1]) || rtrim('/' || removed.overlay, '/') as key,
                row_number() over () / 20 as part from removed) numbered
        group by part;
    return null;
end $$;
