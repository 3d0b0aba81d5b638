-- One text for SQLite and PostgreSQL.
-- A revoked token keeps its row, so that nobody else is given its name, which authors are known by.
alter table access_token add column revoked_at bigint;
