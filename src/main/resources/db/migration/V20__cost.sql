-- One text for SQLite and PostgreSQL.
-- What it took to find out, build or upload what an entry says.
alter table image_cache add column cost_seconds double precision;
alter table image_cache add column cost_bytes bigint;
alter table bundle_cache add column cost_seconds double precision;
alter table bundle_cache add column cost_bytes bigint;
