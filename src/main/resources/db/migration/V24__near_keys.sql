-- One text for SQLite and PostgreSQL.
-- Entries whose keys are like another, to explain a miss.
create index image_cache_tag on image_cache (tag, scope, lower(repository)) where tag is not null;
create index image_cache_repository on image_cache (lower(repository), scope, created_at) where scope is not null;
create index bundle_cache_files_digest on bundle_cache (files_digest, created_at) where files_digest is not null;
