package dev.dejavu.access;

import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

/**
 * A token, without its secret.
 *
 * @param id in the API
 * @param name of its holder, unique; the author of what it writes
 * @param expiresAt {@code null}: never
 * @param lastUsedAt to the minute
 * @param overlay where its holder writes; absent for the base
 * @param limits what its holder reads and writes; absent for everything
 */
public record AccessToken(String id, String name, Role role, Instant createdAt, @Nullable Instant expiresAt,
        @Nullable Instant lastUsedAt, @Nullable String overlay, @Nullable Limits limits) {

    static String newId() {
        return Long.toHexString(ThreadLocalRandom.current().nextLong(1L << 60, Long.MAX_VALUE));
    }

    boolean isLive(Instant now) {
        return expiresAt == null || now.isBefore(expiresAt);
    }

}
