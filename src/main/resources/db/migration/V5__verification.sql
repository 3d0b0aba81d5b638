-- One text for SQLite and PostgreSQL.
alter table image_cache add column verified_at bigint;
alter table image_cache add column verified_by text;
alter table image_cache add column manifest_digest text;
