-- One text for SQLite and PostgreSQL.
create table image_cache (
    hash       text   not null primary key,
    image_uri  text   not null,
    scope      text,
    repository text,
    tag        text,
    platforms  text,
    created_at bigint not null,
    revision   bigint not null
);
create index image_cache_created_at on image_cache (created_at, hash);
create index image_cache_image_uri on image_cache (image_uri, hash);
