-- One text for SQLite and PostgreSQL.
-- Who was given an entry: a row per day, value and identity, with the first and the last minute and how many there were.
create table history_served (
    cache    text   not null,
    hash     text   not null,
    overlay  text   not null,
    -- since 1970
    day      bigint not null,
    -- the start of the SHA-256 of the value
    value    text   not null,
    identity text   not null,
    first_at bigint not null,
    last_at  bigint not null,
    times    bigint not null,
    primary key (cache, hash, overlay, day, value, identity)
);
create index history_served_day on history_served (day);
