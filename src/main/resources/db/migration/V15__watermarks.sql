-- One text for SQLite and PostgreSQL.
-- Every event of a registry, and every entry that a caller takes back, gets the next number.
create table registry_counter (
    name   text   not null primary key,
    number bigint not null
);
insert into registry_counter (name, number) values ('events', 1);

-- What events may have made untrue: a whole repository (''), a ':tag' or a '@digest'. An entry that it concerns is
-- invalidated while the number is higher than the one that was known when the entry was verified.
create table registry_watermark (
    repository     text   not null,
    subject        text   not null,
    -- of the last deletion
    deleted_number bigint not null,
    -- of the last push that may have led the tag to any other manifest, also to pushed_digest
    moved_number   bigint not null,
    -- of the last push, and of a tag the manifest that was pushed
    pushed_number  bigint not null,
    pushed_digest  text,
    latest_number  bigint not null,
    -- numbers above it are raised once more, as a registry may show for a moment what it has just deleted
    settled_number bigint not null,
    raised_at      bigint not null,
    primary key (repository, subject)
);
create index registry_watermark_latest_number on registry_watermark (latest_number);
create index registry_watermark_raised_at on registry_watermark (raised_at);

-- What the last verification knew, and which manifests of an index it rested on, joined by commas; null: unknown.
alter table image_cache add column verified_as_of bigint not null default 0;
alter table image_cache add column invalidated_as_of bigint not null default 0;
alter table image_cache add column rested_on text;
-- An invalidated entry had its time of verification below zero.
update image_cache set invalidated_as_of = 1, verified_at = created_at where verified_at < 0;
