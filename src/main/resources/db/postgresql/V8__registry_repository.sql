-- The repository as its registry calls it, no longer to be taken for the part of the key, and now also of a reference
-- that names no registry, as SQLite has it. All rows are written again once.
alter table image_cache drop column repository_name;
alter table image_cache add column registry_repository text generated always as (
    lower(substring(image_uri from '^(?:[^/]*/)?[^:@]*'))
) stored;
create index image_cache_registry_repository
    on image_cache (registry_repository, substr(image_uri, length(registry_repository) + 1));

alter function dejavu_tell_row() rename to dejavu_notify_row;
alter function dejavu_tell_removed() rename to dejavu_notify_removed;
alter function dejavu_tell_all() rename to dejavu_notify_all;
