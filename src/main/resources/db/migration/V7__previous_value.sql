-- One text for SQLite and PostgreSQL.
-- The value that the last PUT replaced, if it was another one: kept only so that RETURNING can say it.
alter table image_cache rename column replaced to previous_value;
alter table bundle_cache rename column replaced to previous_value;
