package dev.dejavu.storage;

import org.jspecify.annotations.Nullable;

/**
 * The SQL that all cache tables share, the same for SQLite and PostgreSQL. A statement
 * that changes many rows selects them first, to lock them in the order of their keys. It
 * says its condition twice, so that PostgreSQL spares a row that another connection
 * writes again between the two.
 */
record CacheSql(String find, String findAll, String remove, String keys, String keysOfValue, String removeKeys,
        String removeKeysOfValue, String list, String listOfValue, String count, String pruneExpired) {

    private static final String FIND = """
            select * from {table} where {key} = ? and created_at > ?
            """;

    private static final String FIND_ALL = """
            select * from {table} where {key} in (:keys) and created_at > :cutoff
            """;

    private static final String REMOVE = """
            delete from {table} where {key} = ?
            """;

    private static final String KEYS = """
            select {key} from {table} where {key} > :after {of value} order by {key} limit :limit
            """;

    private static final String REMOVE_KEYS = """
            with locked as materialized (
                select {key} from {table} where {key} in (:keys) order by {key} {lock})
            delete from {table} where {key} in (select {key} from locked) {of value}
            """;

    private static final String LIST = """
            select * from {table}
            where created_at > :cutoff and (created_at, {key}) < (:createdAt, :key) {of value}
            order by created_at desc, {key} desc limit :limit
            """;

    private static final String COUNT = """
            select count(*) from {table} where created_at > ?
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

    private static final String OF_VALUE = "and {value} = :value";

    CacheSql(CacheColumns columns, String rowLock) {
        this(new Template(columns, rowLock));
    }

    private CacheSql(Template template) {
        this(template.fill(FIND), template.fill(FIND_ALL), template.fill(REMOVE), template.fill(KEYS),
                template.fillOfValue(KEYS), template.fill(REMOVE_KEYS), template.fillOfValue(REMOVE_KEYS),
                template.fill(LIST), template.fillOfValue(LIST), template.fill(COUNT), template.fill(PRUNE_EXPIRED));
    }

    String keys(@Nullable String value) {
        return (value != null) ? keysOfValue : keys;
    }

    String removeKeys(@Nullable String value) {
        return (value != null) ? removeKeysOfValue : removeKeys;
    }

    String list(@Nullable String value) {
        return (value != null) ? listOfValue : list;
    }

    private record Template(CacheColumns columns, String rowLock) {

        String fill(String sql) {
            return sql.replace("{of value}", "")
                .replace("{table}", columns.table())
                .replace("{key}", columns.key())
                .replace("{value}", columns.value())
                .replace("{lock}", rowLock);
        }

        String fillOfValue(String sql) {
            return fill(sql.replace("{of value}", OF_VALUE));
        }

    }

}
