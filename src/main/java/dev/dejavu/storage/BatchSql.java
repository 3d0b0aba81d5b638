package dev.dejavu.storage;

/**
 * The statements that delete many rows. They first lock the rows in the order of their
 * keys, in a materialized expression, which PostgreSQL evaluates once whatever its plan.
 * Then they repeat the condition, to spare a row that another connection wrote meanwhile.
 *
 * @param remove keys, in the base and in overlays; conditions may follow
 */
record BatchSql(String remove, String pruneExpired, String pruneExpiredOverlays) {

    private static final String REMOVE = """
            with locked as materialized (
                select {key}, overlay from {table} where {key} in (:keys) order by {key}, overlay {lock})
            delete from {table} where ({key}, overlay) in (select {key}, overlay from locked)
            """;

    private static final String PRUNE_EXPIRED = """
            with expired as materialized (
                select {key}, overlay from {table} where created_at between :from and :cutoff {condition}
                order by created_at, {key}, overlay limit :limit),
            locked as materialized (
                select {key}, overlay from {table} where ({key}, overlay) in (select {key}, overlay from expired)
                order by {key}, overlay {lock})
            delete from {table} where ({key}, overlay) in (select {key}, overlay from locked) and created_at <= :cutoff
            returning created_at
            """;

    static BatchSql of(TableNames names, String rowLock) {
        String prune = names.fill(PRUNE_EXPIRED).replace("{lock}", rowLock);
        return new BatchSql(names.fill(REMOVE).replace("{lock}", rowLock), prune.replace("{condition}", ""),
                prune.replace("{condition}", "and overlay <> ''"));
    }

}
