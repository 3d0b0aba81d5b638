-- What happened to a key, or to many: then its hash is '*', and value and overlay say to which, '*' for any overlay.
create table history_event (
    id             integer not null primary key,
    cache          text    not null,
    hash           text    not null,
    overlay        text    not null,
    at             bigint  not null,
    kind           text    not null,
    value          text,
    previous_value text,
    actor          text,
    reason         text,
    -- of the parts of the key: who may read the entry may read this
    scope          text,
    repository     text,
    -- of the manifests that the registry had, joined by commas
    digests        text,
    -- when the value was last known to be true
    true_at        bigint
);
create index history_event_key on history_event (cache, hash, at);

-- What registries reported: of a whole repository (''), a ':tag' or a '@digest', as in registry_watermark.
create table history_registry_event (
    id         integer not null primary key,
    repository text    not null,
    subject    text    not null,
    at         bigint  not null,
    kind       text    not null,
    -- the manifest that was pushed
    digest     text,
    webhook    text    not null
);
create index history_registry_event_subject on history_registry_event (repository, subject, at);
