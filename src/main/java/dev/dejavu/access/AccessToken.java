package dev.dejavu.access;

import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

/**
 * A token as it may be shown: without its secret.
 *
 * @param id names it in the API
 * @param name who it is for, unique; what {@code written_by} says
 * @param expiresAt {@code null}: never
 * @param lastUsedAt to the minute
 */
record AccessToken(String id, String name, Role role, Instant createdAt, @Nullable Instant expiresAt,
        @Nullable Instant lastUsedAt) {

    static String newId() {
        return Long.toHexString(ThreadLocalRandom.current().nextLong(1L << 60, Long.MAX_VALUE));
    }

    boolean isLive(Instant now) {
        return expiresAt == null || now.isBefore(expiresAt);
    }

}
