package dev.dejavu.access;

import java.security.SecureRandom;
import java.util.HexFormat;

import dev.dejavu.cache.Sha256;

/**
 * The secret of a token. It is random enough that its plain SHA-256 may be stored.
 */
record Secret(String text) {

    static final String PREFIX = "djv_";

    private static final int BYTES = 24;

    private static final SecureRandom random = new SecureRandom();

    static Secret random() {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return new Secret(PREFIX + HexFormat.of().formatHex(bytes));
    }

    String hash() {
        return Sha256.hex(text);
    }

    /** So that no log has it by accident. */
    @Override
    public String toString() {
        return PREFIX + "…";
    }

}
