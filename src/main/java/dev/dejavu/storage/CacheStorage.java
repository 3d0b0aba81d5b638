package dev.dejavu.storage;

import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.commit.GroupCommit;

/**
 * What the repository of a cache needs of its database.
 *
 * @param rowLock ends a select whose rows a statement is about to change: locked in the
 * order in which they are read, so that statements over many rows never wait for each
 * other in a ring; empty where one connection writes
 */
public record CacheStorage(JdbcClient reader, JdbcClient writer, GroupCommit commit, String rowLock) {
}
