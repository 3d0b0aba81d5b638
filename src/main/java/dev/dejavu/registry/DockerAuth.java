package dev.dejavu.registry;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An entry of {@code auths} in a Docker {@code config.json}. With neither credentials nor
 * a problem it only says that a login is kept elsewhere.
 *
 * @param problem why its login is of no use
 */
record DockerAuth(@Nullable Credentials credentials, @Nullable String problem) {

    static DockerAuth parse(JsonNode entry) {
        Credentials login = decode(entry.path("auth").asString(""));
        if (login == null) {
            login = split(entry.path("username").asString("") + ":" + entry.path("password").asString(""));
        }
        String identityToken = entry.path("identitytoken").asString("");
        if (!identityToken.isEmpty()) {
            return new DockerAuth(new Credentials((login != null) ? login.user() : "", identityToken, true), null);
        }
        if (login != null) {
            return new DockerAuth(login, null);
        }
        if (entry.has("registrytoken")) {
            return new DockerAuth(null, "a registrytoken ends too soon for a service; it needs a login");
        }
        boolean isEmpty = entry.isNull() || (entry.isObject() && entry.path("auth").asString("").isEmpty()
                && !entry.has("username") && !entry.path("auth").isContainer());
        return new DockerAuth(null, isEmpty ? null : "it has no base64 of user:password; log in again");
    }

    /** Reads what other programs wrapped, padded wrongly or wrote for URLs, too. */
    private static @Nullable Credentials decode(String auth) {
        String base64 = auth.replaceAll("[\\s=\\x00]", "").replace('-', '+').replace('_', '/');
        try {
            return split(StandardCharsets.UTF_8.newDecoder()
                .decode(ByteBuffer.wrap(Base64.getDecoder().decode(base64)))
                .toString());
        }
        catch (IllegalArgumentException | CharacterCodingException ex) {
            return null;
        }
    }

    /** Without zero bytes and line ends behind it, which no password has. */
    private static @Nullable Credentials split(String login) {
        String text = login.replaceFirst("[\\x00-\\x1f]+$", "");
        int colon = text.indexOf(':');
        return (colon > 0) ? new Credentials(text.substring(0, colon), text.substring(colon + 1), false) : null;
    }

}
