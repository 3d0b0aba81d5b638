-- The repository as its registry calls it, no longer to be taken for the part of the key.
drop index image_cache_repository_name;
alter table image_cache rename column repository_name to registry_repository;
create index image_cache_registry_repository
    on image_cache (registry_repository, substr(image_uri, length(registry_repository) + 1));
