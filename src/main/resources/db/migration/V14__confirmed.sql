-- One text for SQLite and PostgreSQL.
-- What a registry has confirmed, for other scopes of the same image.
create index image_cache_confirmed on image_cache (image_uri, platforms, verified_at)
    where verified_by = 'registry' and platforms is not null;
