-- Values follow from their keys now. What an older version believed without that is forgotten: an image whose parts make
-- another URI, what a token wrote without parts, a bundle that a token wrote or that is outside an object store.
delete from image_cache where scope is null and written_by is not null or scope is not null
    and image_uri <> repository || ':' || tag
    and substr(image_uri, 1, length(repository) + length(tag) + 2) <> repository || ':' || tag || '@';
delete from bundle_cache where written_by is not null
    or not (remote_path glob 's3://*' or remote_path glob 'gs://*' or remote_path glob 'abfs://*'
        or remote_path glob 'abfss://*');

-- An entry is in the base ('') or in an overlay, which only those who are bound to it read and write. SQLite cannot change
-- a primary key, so both tables are made anew.
alter table image_cache rename to image_cache_before;
create table image_cache (
    hash                text   not null,
    overlay             text   not null default '',
    image_uri           text   not null,
    scope               text,
    repository          text,
    tag                 text,
    platforms           text,
    created_at          bigint not null,
    revision            bigint not null,
    written_by          text,
    previous_value      text,
    -- who had stored what the last PUT replaced: kept only so that RETURNING can say it
    previous_author     text,
    verified_at         bigint,
    verified_by         text,
    manifest_digest     text,
    -- when a live entry was first stored under its key, from which its grace counts
    first_put_at        bigint,
    registry_repository text generated always as (
        lower(substr(image_uri, 1, instr(image_uri, '/')
            + instr(replace(substr(image_uri, instr(image_uri, '/') + 1), '@', ':') || ':', ':') - 1))
    ) virtual,
    primary key (hash, overlay)
);
insert into image_cache (hash, image_uri, scope, repository, tag, platforms, created_at, revision, written_by,
        previous_value, verified_at, verified_by, manifest_digest)
    select hash, image_uri, scope, repository, tag, platforms, created_at, revision, written_by, previous_value,
        verified_at, verified_by, manifest_digest from image_cache_before;
drop table image_cache_before;
create index image_cache_created_at on image_cache (created_at, hash, overlay);
create index image_cache_image_uri on image_cache (image_uri, hash);
create index image_cache_registry_repository
    on image_cache (registry_repository, substr(image_uri, length(registry_repository) + 1));
create index image_cache_overlay on image_cache (overlay, hash) where overlay <> '';
create index image_cache_overlay_created_at on image_cache (created_at, hash, overlay) where overlay <> '';

alter table bundle_cache rename to bundle_cache_before;
create table bundle_cache (
    digest         text   not null,
    overlay        text   not null default '',
    hash_digest    text   not null,
    remote_path    text   not null,
    scope          text,
    files_digest   text,
    created_at     bigint not null,
    revision       bigint not null,
    written_by     text,
    previous_value text,
    previous_author text,
    primary key (digest, overlay)
);
insert into bundle_cache (digest, hash_digest, remote_path, scope, files_digest, created_at, revision, written_by,
        previous_value)
    select digest, hash_digest, remote_path, scope, files_digest, created_at, revision, written_by, previous_value
        from bundle_cache_before;
drop table bundle_cache_before;
create index bundle_cache_created_at on bundle_cache (created_at, digest, overlay);
create index bundle_cache_remote_path on bundle_cache (remote_path, digest);
create index bundle_cache_overlay on bundle_cache (overlay, digest) where overlay <> '';
create index bundle_cache_overlay_created_at on bundle_cache (created_at, digest, overlay) where overlay <> '';
