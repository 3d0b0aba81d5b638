package dev.dejavu.storage;

import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.Scans;
import dev.dejavu.commit.GroupCommit;

/**
 * The database of the caches' repositories.
 *
 * @param lookups reads single keys, and gives up before the reader does
 * @param rowLock the clause that locks the rows of a select in their order, so that
 * statements over many rows cannot deadlock; empty where only one connection writes
 */
public record CacheDatabase(JdbcClient reader, JdbcClient lookups, JdbcClient writer, GroupCommit commit, Scans scans,
        String rowLock) {

    boolean isPostgresql() {
        return !rowLock.isEmpty();
    }

}
