-- One text for SQLite and PostgreSQL.
-- Of the hits, those of callers that had a value before: they save nothing.
alter table savings add column confirmed bigint not null default 0;
alter table savings add column reported_confirmed bigint not null default 0;
