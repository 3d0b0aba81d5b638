-- One text for SQLite and PostgreSQL.
-- How long images were built under a lease, until they were stored. Times are epoch milliseconds.
create table image_build (
    repository text   not null,
    built_at   bigint not null,
    millis     bigint not null
);
create index image_build_repository on image_build (repository, built_at);
create index image_build_built_at on image_build (built_at);
