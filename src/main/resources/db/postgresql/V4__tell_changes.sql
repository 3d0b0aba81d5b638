-- Every change of the two caches is told on the channel "dejavu" when it is committed, whoever makes it:
-- the name of the cache, then the keys; no keys stand for all. A payload has 8000 bytes at most.
create function dejavu_tell_row() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || (to_jsonb(new) ->> tg_argv[1]));
    if tg_op = 'UPDATE' then
        -- the same one, and so told once, unless somebody renames a key by hand
        perform pg_notify('dejavu', tg_argv[0] || ' ' || (to_jsonb(old) ->> tg_argv[1]));
    end if;
    return null;
end $$;

create function dejavu_tell_removed() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || string_agg(key, ' '))
        from (select to_jsonb(removed) ->> tg_argv[1] as key, row_number() over () / 50 as part from removed) numbered
        group by part;
    return null;
end $$;

create function dejavu_tell_all() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0]);
    return null;
end $$;

create trigger image_cache_written after insert or update on image_cache
    for each row execute function dejavu_tell_row('images', 'hash');
create trigger image_cache_removed after delete on image_cache referencing old table as removed
    for each statement execute function dejavu_tell_removed('images', 'hash');
create trigger image_cache_emptied after truncate on image_cache
    for each statement execute function dejavu_tell_all('images');

create trigger bundle_cache_written after insert or update on bundle_cache
    for each row execute function dejavu_tell_row('bundles', 'digest');
create trigger bundle_cache_removed after delete on bundle_cache referencing old table as removed
    for each statement execute function dejavu_tell_removed('bundles', 'digest');
create trigger bundle_cache_emptied after truncate on bundle_cache
    for each statement execute function dejavu_tell_all('bundles');
