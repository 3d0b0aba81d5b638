-- Written rows are told by statement, as removed ones are: many that share a statement are one notification. The function
-- keeps its name, by which instances of older versions know it.
drop trigger image_cache_written on image_cache;
drop trigger bundle_cache_written on bundle_cache;

create or replace function dejavu_notify_row() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || string_agg(key, ' '))
        from (select (to_jsonb(written) ->> tg_argv[1]) || rtrim('/' || written.overlay, '/') as key,
                row_number() over () / 20 as part from written) numbered
        group by part;
    return null;
end $$;

create trigger image_cache_inserted after insert on image_cache referencing new table as written
    for each statement execute function dejavu_notify_row('images', 'hash');
create trigger image_cache_updated after update on image_cache referencing new table as written
    for each statement execute function dejavu_notify_row('images', 'hash');

create trigger bundle_cache_inserted after insert on bundle_cache referencing new table as written
    for each statement execute function dejavu_notify_row('bundles', 'digest');
create trigger bundle_cache_updated after update on bundle_cache referencing new table as written
    for each statement execute function dejavu_notify_row('bundles', 'digest');

-- Somebody may rename a key by hand; the service never does.
create function dejavu_notify_renamed() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || (to_jsonb(old) ->> tg_argv[1]) || rtrim('/' || old.overlay, '/'));
    return null;
end $$;

create trigger image_cache_renamed after update of hash, overlay on image_cache
    for each row execute function dejavu_notify_renamed('images', 'hash');
create trigger bundle_cache_renamed after update of digest, overlay on bundle_cache
    for each row execute function dejavu_notify_renamed('bundles', 'digest');
