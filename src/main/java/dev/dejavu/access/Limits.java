package dev.dejavu.access;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Grant;

/**
 * What a token or a rule is limited to. In each pattern a {@code *} matches any text; no
 * pattern is no limit.
 *
 * @param scopes of the entries that it reads and writes
 * @param repositories of the images that it reads and writes
 * @param writeScopes of these the ones that it writes
 * @param writeRepositories likewise
 */
record Limits(List<String> scopes, List<String> repositories, List<String> writeScopes,
        List<String> writeRepositories) {

    static final Limits NONE = new Limits(null, null, null, null);

    private static final int MAX_PATTERNS = 50;

    private static final int MAX_LENGTH = 512;

    /** More of them cost seconds to match. */
    private static final int MAX_STARS = 4;

    Limits(@Nullable List<String> scopes, @Nullable List<String> repositories, @Nullable List<String> writeScopes,
            @Nullable List<String> writeRepositories) {
        this.scopes = orNone(scopes);
        this.repositories = orNone(repositories);
        this.writeScopes = orNone(writeScopes);
        this.writeRepositories = orNone(writeRepositories);
    }

    private static List<String> orNone(@Nullable List<String> patterns) {
        return (patterns != null) ? List.copyOf(patterns) : List.of();
    }

    /** A pattern in which a {@code *} matches any text. */
    static Pattern pattern(String text) {
        return Pattern.compile(Stream.of(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
                Pattern.DOTALL);
    }

    @JsonIgnore
    boolean isValid() {
        return Stream.of(scopes, repositories, writeScopes, writeRepositories)
            .allMatch((patterns) -> patterns.size() <= MAX_PATTERNS && patterns.stream()
                .allMatch((pattern) -> !pattern.isEmpty() && pattern.length() <= MAX_LENGTH
                        && pattern.chars().filter((c) -> c == '*').count() <= MAX_STARS));
    }

    Grant reading() {
        return grant(scopes, repositories);
    }

    /** To be taken together with {@link #reading()}. */
    Grant writing() {
        return grant(writeScopes, writeRepositories);
    }

    private static Grant grant(List<String> scopes, List<String> repositories) {
        return new Grant(scopes.stream().map(Limits::pattern).toList(),
                repositories.stream().map(Limits::pattern).toList());
    }

}
