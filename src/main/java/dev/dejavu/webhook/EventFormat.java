package dev.dejavu.webhook;

import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

/**
 * What one kind of registry sends, and how. An event that is not understood is ignored,
 * as new versions bring new kinds.
 */
interface EventFormat {

    /**
     * The events in a request.
     * @param registry of the images, as in the settings
     */
    Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers);

    /** The header in which such registries send a secret or a signature. */
    default String header() {
        return HttpHeaders.AUTHORIZATION;
    }

    /** How such registries sign; {@code null} for those that send the secret itself. */
    default @Nullable Signature signature() {
        return null;
    }

    /**
     * Whether their secret may be in the URL: they send no header of the user's choice.
     */
    default boolean takesUrlSecret() {
        return false;
    }

    /** Whether a body may be an array. */
    default boolean takesArrays() {
        return false;
    }

    /**
     * The code that a registry wants to have back before it sends events.
     * @return {@code null} when the body is no such question
     */
    default @Nullable String validationCode(JsonNode body) {
        return null;
    }

    /** A member that is a string. */
    static @Nullable String text(JsonNode node, String member) {
        return node.path(member).stringValueOpt().orElse(null);
    }

    /** A member that is a string; else an empty one. */
    static String word(JsonNode node, String member) {
        return node.path(member).stringValue("");
    }

}
