package dev.dejavu.storage;

import org.jspecify.annotations.Nullable;

/**
 * The SQL that all cache tables share, the same for SQLite and PostgreSQL. A statement
 * that changes many rows first locks them in the order of their keys, in a materialized
 * expression, which PostgreSQL evaluates once whatever its plan. It then repeats its
 * condition, to spare a row that another connection wrote meanwhile.
 */
final class CacheSql {

    final String find;

    final String findAll;

    final String remove;

    final String count;

    final String pruneExpired;

    private final String nextKeys;

    private final String removeKeys;

    private final String list;

    private final String condition;

    CacheSql(TableNames names, String rowLock) {
        this.find = fill(names, rowLock, """
                select * from {table} where {key} = ? and created_at > ?
                """);
        this.findAll = fill(names, rowLock, """
                select * from {table} where {key} in (:keys) and created_at > :cutoff
                """);
        this.remove = fill(names, rowLock, """
                delete from {table} where {key} = ?
                """);
        this.count = fill(names, rowLock, """
                select count(*) from {table} where created_at > ?
                """);
        this.pruneExpired = fill(names, rowLock, """
                with expired as materialized (
                    select {key} from {table} where created_at between :from and :cutoff
                    order by created_at, {key} limit :limit),
                locked as materialized (
                    select {key} from {table} where {key} in (select {key} from expired) order by {key} {lock})
                delete from {table} where {key} in (select {key} from locked) and created_at <= :cutoff
                returning created_at
                """);
        this.nextKeys = fill(names, rowLock, """
                select {key} from {table} where {key} > :after {condition} order by {key} limit :limit
                """);
        this.removeKeys = fill(names, rowLock, """
                with locked as materialized (
                    select {key} from {table} where {key} in (:keys) order by {key} {lock})
                delete from {table} where {key} in (select {key} from locked) {condition}
                """);
        this.list = fill(names, rowLock, """
                select * from {table}
                where created_at > :cutoff and (created_at, {key}) < (:createdAt, :key) {condition}
                order by created_at desc, {key} desc limit :limit
                """);
        this.condition = fill(names, rowLock, "and {value} = :value");
    }

    private static String fill(TableNames names, String rowLock, String sql) {
        return sql.replace("{table}", names.table())
            .replace("{key}", names.key())
            .replace("{value}", names.value())
            .replace("{lock}", rowLock);
    }

    /** Of all rows, or of those with a value. */
    String nextKeys(@Nullable String value) {
        return withValue(nextKeys, value);
    }

    /** Of all rows, or of those with a value. */
    String removeKeys(@Nullable String value) {
        return withValue(removeKeys, value);
    }

    /** Of all rows, or of those with a value. */
    String list(@Nullable String value) {
        return withValue(list, value);
    }

    private String withValue(String sql, @Nullable String value) {
        return sql.replace("{condition}", (value != null) ? condition : "");
    }

}
