package dev.dejavu.registry;

import java.time.Duration;

/**
 * What a request shows to a registry. Equal to itself alone, so that one that was refused
 * is never taken for its successor.
 */
final class Authorization {

    private final String value;

    private final Duration lifetime;

    /**
     * An authorization.
     * @param value as in the field {@code Authorization}
     * @param lifetime how long it may be used
     */
    Authorization(String value, Duration lifetime) {
        this.value = value;
        this.lifetime = lifetime;
    }

    String value() {
        return value;
    }

    Duration lifetime() {
        return lifetime;
    }

}
