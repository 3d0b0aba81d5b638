-- Values follow from their keys now. What an older version believed without that is forgotten: an image whose parts make
-- another URI, what a token wrote without parts, a bundle that a token wrote or that is outside an object store.
delete from image_cache where scope is null and written_by is not null or scope is not null
    and image_uri <> repository || ':' || tag and not starts_with(image_uri, repository || ':' || tag || '@');
delete from bundle_cache where written_by is not null or remote_path !~ '^(s3|gs|abfss?)://';

-- An entry is in the base ('') or in an overlay, which only those who are bound to it read and write. Names are ASCII,
-- ordered as Java orders them, so that statements over many rows lock in one order everywhere.
alter table image_cache add column overlay text collate "C" not null default '';
alter table image_cache drop constraint image_cache_pkey, add primary key (hash, overlay);
drop index image_cache_created_at;
create index image_cache_created_at on image_cache (created_at, hash, overlay);
create index image_cache_overlay on image_cache (overlay, hash) where overlay <> '';
create index image_cache_overlay_created_at on image_cache (created_at, hash, overlay) where overlay <> '';

alter table bundle_cache add column overlay text collate "C" not null default '';
alter table bundle_cache drop constraint bundle_cache_pkey, add primary key (digest, overlay);
drop index bundle_cache_created_at;
create index bundle_cache_created_at on bundle_cache (created_at, digest, overlay);
create index bundle_cache_overlay on bundle_cache (overlay, digest) where overlay <> '';
create index bundle_cache_overlay_created_at on bundle_cache (created_at, digest, overlay) where overlay <> '';

-- When a live entry was first stored under its key, from which its grace counts.
alter table image_cache add column first_put_at bigint;

-- Who had stored what the last PUT replaced: kept only so that RETURNING can say it.
alter table image_cache add column previous_author text;
alter table bundle_cache add column previous_author text;

-- Notifications name a key in an overlay as key/overlay. A payload has 8000 bytes at most.
create or replace function dejavu_notify_row() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || (to_jsonb(new) ->> tg_argv[1]) || rtrim('/' || new.overlay, '/'));
    if tg_op = 'UPDATE' then
        -- the same one, and so told once, unless somebody renames a key by hand
        perform pg_notify('dejavu', tg_argv[0] || ' ' || (to_jsonb(old) ->> tg_argv[1]) || rtrim('/' || old.overlay, '/'));
    end if;
    return null;
end $$;

create or replace function dejavu_notify_removed() returns trigger language plpgsql as $$
begin
    perform pg_notify('dejavu', tg_argv[0] || ' ' || string_agg(key, ' '))
        from (select (to_jsonb(removed) ->> tg_argv[1]) || rtrim('/' || removed.overlay, '/') as key,
                row_number() over () / 20 as part from removed) numbered
        group by part;
    return null;
end $$;
