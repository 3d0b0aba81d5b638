package dev.dejavu.storage;

/**
 * The statements that delete many rows. They first lock the rows in the order of their
 * keys, in a materialized expression, which PostgreSQL evaluates once whatever its plan.
 * Then they repeat the condition, to spare a row that another connection wrote meanwhile.
 *
 * @param remove keys, all of them or those of one value
 */
record BatchSql(String remove, String removeOfValue, String pruneExpired) {

    private static final String REMOVE = """
            with locked as materialized (
                select {key} from {table} where {key} in (:keys) order by {key} {lock})
            delete from {table} where {key} in (select {key} from locked)
            """;

    private static final String PRUNE_EXPIRED = """
            with expired as materialized (
                select {key} from {table} where created_at between :from and :cutoff
                order by created_at, {key} limit :limit),
            locked as materialized (
                select {key} from {table} where {key} in (select {key} from expired) order by {key} {lock})
            delete from {table} where {key} in (select {key} from locked) and created_at <= :cutoff
            returning created_at
            """;

    static BatchSql of(TableNames names, String rowLock) {
        String remove = names.fill(REMOVE).replace("{lock}", rowLock);
        return new BatchSql(remove, remove + names.fill(" and {value} = :value"),
                names.fill(PRUNE_EXPIRED).replace("{lock}", rowLock));
    }

}
