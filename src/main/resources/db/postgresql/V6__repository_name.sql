-- What registries call the image when they tell of it: host and name in lower case, without tag and digest.
-- Made of image_uri, so rows of older versions have it too; all rows are written again once.
alter table image_cache add column repository_name text generated always as (
    lower(substring(image_uri from '^[^/]*/[^:@]*'))
) stored;
create index image_cache_repository_name on image_cache (repository_name, substr(image_uri, length(repository_name) + 1));
