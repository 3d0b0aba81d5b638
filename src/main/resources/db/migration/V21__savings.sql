-- One text for SQLite and PostgreSQL.
-- What the caches saved and what asking them cost, by hour and by day (24 hours); hours for a year. Times are epoch milliseconds.
-- A scope or a repository that is not known is ''.
create table savings (
    period_start      bigint           not null,
    period_hours      integer          not null,
    cache             text             not null,
    scope             text             not null,
    repository        text             not null,
    hits              bigint           not null,
    misses            bigint           not null,
    -- hits that saved nobody knows what
    unpriced_hits     bigint           not null,
    saved_seconds     double precision not null,
    -- of saved_seconds
    estimated_seconds double precision not null,
    saved_bytes       double precision not null,
    estimated_bytes   double precision not null,
    spent_seconds     double precision not null,
    reports           bigint           not null,
    reported_asked    bigint           not null,
    reported_hits     bigint           not null,
    primary key (period_start, period_hours, cache, scope, repository)
);

-- The last number of each process that adds to it: what is sent twice is added once.
create table savings_flush (
    source     text   not null primary key,
    number     bigint not null,
    flushed_at bigint not null
);
