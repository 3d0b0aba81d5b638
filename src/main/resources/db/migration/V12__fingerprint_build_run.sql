-- One text for SQLite and PostgreSQL.
-- Text of the client that the service keeps and does not look into.
alter table bundle_cache add column fingerprint text;
alter table image_cache add column build_run text;
