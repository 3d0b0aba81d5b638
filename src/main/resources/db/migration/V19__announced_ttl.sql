-- One text for SQLite and PostgreSQL.
-- How long instances say that they serve entries, in milliseconds, and when one last said so: no instance prunes what
-- another may still serve.
create table announced_ttl (
    cache        text   not null,
    ttl          bigint not null,
    overlay_ttl  bigint not null,
    announced_at bigint not null,
    primary key (cache, ttl, overlay_ttl)
);
