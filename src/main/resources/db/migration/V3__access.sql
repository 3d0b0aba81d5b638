-- One text for SQLite and PostgreSQL.
create table access_token (
    id           text   not null primary key,
    name         text   not null unique,
    role         text   not null,
    secret_hash  text   not null unique,
    created_at   bigint not null,
    expires_at   bigint,
    last_used_at bigint
);
alter table image_cache add column written_by text;
alter table image_cache add column replaced text;
alter table bundle_cache add column written_by text;
alter table bundle_cache add column replaced text;
