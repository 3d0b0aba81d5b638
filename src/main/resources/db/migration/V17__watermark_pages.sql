-- One text for SQLite and PostgreSQL.
-- The number of the last event of each kind that is to be raised once more, as a registry may show for a moment what it has
-- just deleted; zero for none. It was one number for all kinds, which events of another kind postponed for ever.
alter table registry_watermark add column deleted_pending bigint not null default 0;
alter table registry_watermark add column moved_pending bigint not null default 0;
alter table registry_watermark add column pushed_pending bigint not null default 0;
update registry_watermark set
    deleted_pending = case when deleted_number > settled_number then deleted_number else 0 end,
    moved_pending = case when moved_number > settled_number then moved_number else 0 end,
    pushed_pending = case when pushed_number > settled_number then pushed_number else 0 end
where latest_number > settled_number;
alter table registry_watermark drop column settled_number;
create index registry_watermark_pending on registry_watermark (latest_number)
    where deleted_pending > 0 or moved_pending > 0 or pushed_pending > 0;

-- To read them page by page, and the oldest of a repository.
drop index registry_watermark_latest_number;
create index registry_watermark_latest_number on registry_watermark (latest_number, repository, subject);
create index registry_watermark_repository on registry_watermark (repository, latest_number);
