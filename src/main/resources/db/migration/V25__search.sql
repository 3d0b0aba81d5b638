-- One text for SQLite and PostgreSQL.
-- What a repository has and what has a tag, newest first: people search for these.
create index image_cache_repository_created_at on image_cache (repository, created_at, hash, overlay) where repository is not null;
create index image_cache_tag_created_at on image_cache (tag, created_at, hash, overlay) where tag is not null;
