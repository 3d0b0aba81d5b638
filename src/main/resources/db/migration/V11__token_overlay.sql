-- One text for SQLite and PostgreSQL.
-- Where the holder of a token writes, null for the base; and what it is limited to, as JSON, null for nothing.
alter table access_token add column overlay text;
alter table access_token add column limits text;
