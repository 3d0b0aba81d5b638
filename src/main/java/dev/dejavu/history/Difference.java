package dev.dejavu.history;

import java.util.Objects;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.ScopeEndpoint;

/**
 * A part in which two keys differ.
 *
 * @param part {@code endpoint}, {@code project} and {@code domain} of the scope,
 * {@code repository}, {@code repository-spelling} where both name one repository,
 * {@code tag}, {@code platforms}, {@code files_digest}, {@code fingerprint} or
 * {@code overlay}
 * @param yours of the request; {@code null} for none, as is {@code theirs}
 */
public record Difference(String part, @Nullable String yours, @Nullable String theirs) {

    /** The difference, if there is one. */
    public static Stream<Difference> of(String part, @Nullable String yours, @Nullable String theirs) {
        return Objects.equals(yours, theirs) ? Stream.empty() : Stream.of(new Difference(part, yours, theirs));
    }

    /** The differences between two scopes. */
    public static Stream<Difference> ofScopes(String yours, String theirs) {
        return Stream.of("endpoint", "project", "domain")
            .flatMap((part) -> of(part, partOf(yours, part), partOf(theirs, part)));
    }

    private static String partOf(String scope, String part) {
        String endpoint = ScopeEndpoint.of(scope).text();
        String rest = scope.substring(Math.min(endpoint.length() + 1, scope.length()));
        int colon = rest.indexOf(':');
        return switch (part) {
            case "endpoint" -> endpoint;
            case "project" -> (colon < 0) ? rest : rest.substring(0, colon);
            default -> (colon < 0) ? "" : rest.substring(colon + 1);
        };
    }

    /** What an entry is called that differs in this alone. */
    String cause() {
        return switch (part) {
            case "endpoint", "project", "domain" -> "other-scope";
            case "files_digest" -> "other-files";
            default -> "other-" + part;
        };
    }

    /** How much it matters: those that one would rather mend come first. */
    int weight() {
        return switch (part) {
            case "repository-spelling" -> 0;
            case "fingerprint" -> 1;
            case "platforms" -> 2;
            case "endpoint", "project", "domain" -> 3;
            case "tag", "files_digest" -> 4;
            default -> 5;
        };
    }

}
