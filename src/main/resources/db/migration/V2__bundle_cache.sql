-- One text for SQLite and PostgreSQL.
create table bundle_cache (
    digest       text   not null primary key,
    hash_digest  text   not null,
    remote_path  text   not null,
    scope        text,
    files_digest text,
    created_at   bigint not null,
    revision     bigint not null
);
create index bundle_cache_created_at on bundle_cache (created_at, digest);
create index bundle_cache_remote_path on bundle_cache (remote_path, digest);
