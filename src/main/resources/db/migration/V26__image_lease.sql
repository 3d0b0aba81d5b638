-- One text for SQLite and PostgreSQL.
-- Who is building an image that is absent or unknown. Times are epoch milliseconds.
create table image_lease (
    hash          text    not null,
    overlay       text    not null,
    -- 0 for the holder; a lease that was given beside it has the next one
    place         integer not null,
    token         text    not null,
    -- for people, as the holder says it
    holder        text,
    author        text,
    scope         text    not null,
    repository    text    not null,
    image_uri     text    not null,
    since         bigint  not null,
    expires_at    bigint  not null,
    -- since when somebody has been waiting for it
    waiting_since bigint,
    primary key (hash, overlay, place)
);
create index image_lease_expires_at on image_lease (expires_at);
