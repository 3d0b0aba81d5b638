package dev.dejavu.access;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.storage.CacheDatabase;

/**
 * All SQL of {@code access_token}, the same for SQLite and PostgreSQL.
 */
@Repository
class AccessTokenRepository {

    private static final String LIST = """
            select * from access_token where revoked_at is null order by created_at desc, id
            """;

    private static final String ADD = """
            insert into access_token (id, name, role, secret_hash, created_at, expires_at, overlay, limits)
            values (:id, :name, :role, :secretHash, :createdAt, :expiresAt, :overlay, :limits)
            on conflict (name) do nothing
            """;

    private static final String REPLACE = """
            insert into access_token (id, name, role, secret_hash, created_at, expires_at, overlay, limits)
            values (:id, :name, :role, :secretHash, :createdAt, :expiresAt, :overlay, :limits)
            on conflict (name) do update set
                role = excluded.role, secret_hash = excluded.secret_hash, created_at = excluded.created_at,
                expires_at = excluded.expires_at, overlay = excluded.overlay, limits = excluded.limits,
                last_used_at = null,
                revoked_at = null
            where access_token.secret_hash <> excluded.secret_hash or access_token.role <> excluded.role
                or access_token.expires_at is not null or access_token.overlay is not null
                or access_token.limits is not null
            """;

    private static final String USED = """
            update access_token set last_used_at = :at where id = :id and (last_used_at is null or last_used_at < :at)
            """;

    /**
     * Of administrators who revoke each other at once, the locks let one go first; the
     * other then sees what that left.
     */
    private static final String REVOKE = """
            with administrators as materialized (
                select id from access_token
                where role = 'admin' and overlay is null and revoked_at is null
                    and (expires_at is null or expires_at > :now)
                order by id {lock})
            update access_token set revoked_at = :now
            where id = :id and revoked_at is null
                and (id not in (select id from administrators) or exists (
                    select 1 from administrators other where other.id <> :id))
            returning name
            """;

    private static final String COMMIT_KEY = "tokens";

    private final JdbcClient reader;

    private final JdbcClient writer;

    private final GroupCommit commit;

    private final JsonMapper json;

    private final String revoke;

    AccessTokenRepository(CacheDatabase database, JsonMapper json) {
        this.json = json;
        this.reader = database.reader();
        this.writer = database.writer();
        this.commit = database.commit();
        this.revoke = REVOKE.replace("{lock}", database.rowLock());
    }

    /** All tokens that are not revoked, newest first. */
    List<AccessToken> list() {
        return reader.sql(LIST).query(this::token).list();
    }

    /** All tokens that are not revoked, by the hash of their secret. */
    Map<String, AccessToken> byHash() {
        return reader.sql(LIST)
            .query((row, number) -> Map.entry(row.getString("secret_hash"), token(row, number)))
            .list()
            .stream()
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /**
     * Adds it.
     * @return whether its name was free: that of a revoked token is not
     */
    boolean add(AccessToken token, Secret secret) {
        return write(ADD, token, secret) == 1;
    }

    /**
     * Adds it, in place of the one that has its name.
     * @return whether that changed anything
     */
    boolean replace(AccessToken token, Secret secret) {
        return write(REPLACE, token, secret) == 1;
    }

    void used(String id, Instant at) {
        commit.write(COMMIT_KEY, () -> writer.sql(USED).param("id", id).param("at", at.toEpochMilli()).update());
    }

    /**
     * Revokes it, unless it is the last one of all that may create others: of an
     * administrator, for no overlay, not expired.
     * @return its name, if that changed anything
     */
    Optional<String> revoke(String id, Instant now) {
        return commit.write(COMMIT_KEY,
                () -> writer.sql(revoke)
                    .param("id", id)
                    .param("now", now.toEpochMilli())
                    .query(String.class)
                    .optional());
    }

    boolean isRevoked(Secret secret) {
        return reader.sql("select count(*) from access_token where secret_hash = ? and revoked_at is not null")
            .param(secret.hash())
            .query(Integer.class)
            .single() > 0;
    }

    private int write(String sql, AccessToken token, Secret secret) {
        Instant expiresAt = token.expiresAt();
        return commit.write(COMMIT_KEY,
                () -> writer.sql(sql)
                    .param("id", token.id())
                    .param("name", token.name())
                    .param("role", token.role().toString())
                    .param("secretHash", secret.hash())
                    .param("createdAt", token.createdAt().toEpochMilli())
                    .param("overlay", token.overlay())
                    .param("limits", (token.limits() != null) ? json.writeValueAsString(token.limits()) : null)
                    .param("expiresAt", (expiresAt != null) ? expiresAt.toEpochMilli() : null)
                    .update());
    }

    private AccessToken token(ResultSet row, int number) throws SQLException {
        return new AccessToken(row.getString("id"), row.getString("name"),
                Role.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
                Instant.ofEpochMilli(row.getLong("created_at")), instant(row, "expires_at"),
                instant(row, "last_used_at"), row.getString("overlay"), limits(row.getString("limits")));
    }

    private @Nullable Limits limits(@Nullable String stored) {
        return (stored != null) ? json.readValue(stored, Limits.class) : null;
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        long millis = row.getLong(column);
        return row.wasNull() ? null : Instant.ofEpochMilli(millis);
    }

}
