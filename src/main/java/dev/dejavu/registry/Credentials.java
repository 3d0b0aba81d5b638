package dev.dejavu.registry;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A login at a registry.
 *
 * @param password or, with {@code isRefreshToken}, a refresh token, which only a token
 * server takes
 */
record Credentials(String user, String password, boolean isRefreshToken) {

    /** The value of {@code Authorization}. */
    String basic() {
        String login = user + ":" + password;
        return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
    }

    /** So that no log has the password by accident. */
    @Override
    public String toString() {
        return user + ":…";
    }

}
