-- One text for SQLite and PostgreSQL.
-- What a repository has and what has a tag, newest first: people search for these, estimates and explanations read the
-- beginning.
create index image_cache_repository on image_cache (lower(repository), created_at, hash, overlay);
create index image_cache_tag on image_cache (tag, created_at, hash, overlay) where tag is not null;
