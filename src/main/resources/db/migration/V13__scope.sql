-- One text for SQLite and PostgreSQL.
-- What a scope has, newest first.
create index image_cache_scope on image_cache (scope, created_at, hash, overlay) where scope is not null;
create index bundle_cache_scope on bundle_cache (scope, created_at, digest, overlay) where scope is not null;
