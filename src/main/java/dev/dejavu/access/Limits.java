package dev.dejavu.access;

import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

import dev.dejavu.api.ScopePattern;
import dev.dejavu.api.Wildcard;
import dev.dejavu.cache.Grant;

/**
 * What a token or a rule is limited to. In each pattern a {@code *} matches any text; no
 * pattern is no limit. Scopes compare as in {@code dejavu.scopes.allowed}.
 *
 * @param scopes of the entries that it reads and writes
 * @param repositories of the images that it reads and writes
 * @param writeScopes of these the ones that it writes
 * @param writeRepositories likewise
 */
@JsonIgnoreProperties(ignoreUnknown = false)
public record Limits(List<String> scopes, List<String> repositories, List<String> writeScopes,
        List<String> writeRepositories) {

    public static final Limits NONE = new Limits(null, null, null, null);

    private static final int MAX_PATTERNS = 50;

    public Limits(@Nullable List<String> scopes, @Nullable List<String> repositories,
            @Nullable List<String> writeScopes, @Nullable List<String> writeRepositories) {
        this.scopes = orNone(scopes);
        this.repositories = orNone(repositories);
        this.writeScopes = orNone(writeScopes);
        this.writeRepositories = orNone(writeRepositories);
    }

    private static List<String> orNone(@Nullable List<String> patterns) {
        return (patterns != null) ? List.copyOf(patterns) : List.of();
    }

    @JsonIgnore
    boolean isValid() {
        return Stream.of(scopes, repositories, writeScopes, writeRepositories)
            .allMatch((patterns) -> patterns.size() <= MAX_PATTERNS && patterns.stream().allMatch(Wildcard::isValid));
    }

    Grant reading() {
        return grant(scopes, repositories);
    }

    /** To be taken together with {@link #reading()}. */
    Grant writing() {
        return grant(writeScopes, writeRepositories);
    }

    private static Grant grant(List<String> scopes, List<String> repositories) {
        return new Grant(scopes.isEmpty() ? List.of() : List.of(ScopePattern.anyOf(scopes)),
                repositories.stream().map((text) -> Wildcard.compile(text).asMatchPredicate()).toList());
    }

}
