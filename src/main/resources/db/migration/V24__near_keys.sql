-- One text for SQLite and PostgreSQL.
-- Bundles of the same files, to explain a miss.
create index bundle_cache_files_digest on bundle_cache (files_digest, created_at) where files_digest is not null;
