-- One text for SQLite and PostgreSQL.
-- Where the holder of a token writes; null for the base.
alter table access_token add column overlay text;
